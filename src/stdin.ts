import { Tofu3Error } from "./errors.ts";
import type { FileKind } from "./smallfile.ts";

/** What is read from, once, to its end. */
export type Input = AsyncIterable<Uint8Array | string> & { readonly isTTY?: boolean | undefined };

/**
 * All of standard input as text. Throws a Tofu3Error of `kind` for a terminal, which is waited for in vain, with
 * `pipeHint`; for too much, and for what is not UTF-8.
 */
export async function readStdinText(stdin: Input | undefined, kind: FileKind, pipeHint: string): Promise<string> {
  const refuse = (why: string, hint: string): Tofu3Error =>
    new Tofu3Error(kind.code, `cannot read ${kind.what} from standard input: ${why}`, { hint });
  if (stdin === undefined || stdin.isTTY === true) throw refuse("it is a terminal", pipeHint);
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stdin) {
    const bytes = Buffer.from(chunk);
    chunks.push(bytes);
    size += bytes.length;
    if (size > kind.limit) throw refuse(`it is larger than ${kind.limit} bytes`, "is it the right file?");
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(Buffer.concat(chunks));
  } catch {
    throw refuse("it is not UTF-8 text", "is it the right file?");
  }
}
