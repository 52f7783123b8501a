/** The blocks that a line stands in, told by their indentation, as formulas are written. */
export class Blocks {
  readonly #open: { readonly name: string; readonly indent: number }[] = [];

  get innermost(): string {
    return this.#open.at(-1)?.name ?? "";
  }

  /** Something of its own for each block, and for what stands in none. */
  get current(): object {
    return this.#open.at(-1) ?? this;
  }

  get count(): number {
    return this.#open.length;
  }

  read(line: string, indent: number): void {
    const name = /^(\w+)\b.* do(?: \|\w+\|)?$/.exec(line)?.[1];
    if (name !== undefined) this.#open.push({ name, indent });
    else if (line === "end" && this.#open.at(-1)?.indent === indent) this.#open.pop();
  }
}
