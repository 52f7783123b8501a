/** A standard stream as the commands need it; tests bring their own. */
export interface Output {
  write(text: string | Uint8Array): unknown;
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  readonly rows?: number | undefined;
  /** Columns and rows as they are at this moment, which the others learn a signal later. */
  getWindowSize?(): readonly [columns: number, rows: number];
}

/** Columns of a terminal; infinite elsewhere, and for a terminal of unknown size. */
export function widthOf({ isTTY, columns }: Output): number {
  return isTTY === true && columns !== undefined && columns > 0 ? columns : Infinity;
}

/** The environment of one run of the program. */
export interface Io {
  readonly stdin: NodeJS.ReadableStream & AsyncIterable<Uint8Array | string> & { readonly isTTY?: boolean | undefined };
  readonly stdout: Output;
  readonly stderr: Output;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly home: string;
  readonly now: () => Date;
  readonly version: string;
}
