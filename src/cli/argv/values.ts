/** The given flags by their long names, as yargs read them. */
export type Flags = Readonly<Record<string, unknown>>;

/** Whether a switch is on; the last word counts. */
export function isOn(flags: Flags, name: string): boolean {
  return [flags[name]].flat().at(-1) === true;
}

export function text(flags: Flags, name: string): string | null {
  return texts(flags, name)[0] ?? null;
}

export function texts(flags: Flags, name: string): readonly string[] {
  return [flags[name]].flat().filter((each) => typeof each === "string");
}
