import { Readable } from "node:stream";
import type { Io } from "../../src/cli/io.ts";

export interface Captured extends Io {
  /** What was written so far. */
  out(): string;
  err(): string;
}

/** Streams that remember, no terminal, an empty environment and a home without any file. */
export function capture(cwd: string, env: Io["env"] = {}): Captured {
  const [out, err]: [Buffer[], Buffer[]] = [[], []];
  const into = (chunks: Buffer[]) => ({ write: (text: string | Uint8Array) => chunks.push(Buffer.from(text)) });
  return {
    stdin: Readable.from([]),
    stdout: into(out),
    stderr: into(err),
    env,
    cwd,
    home: cwd,
    now: () => new Date(),
    version: "0.0.0",
    out: () => Buffer.concat(out).toString("utf8"),
    err: () => Buffer.concat(err).toString("utf8"),
  };
}
