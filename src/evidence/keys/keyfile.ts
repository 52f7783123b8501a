import { quoted } from "../../durable.ts";
import { Tofu3Error } from "../../errors.ts";
import { readSmallText, type FileKind } from "../../smallfile.ts";

const KIND: FileKind = { what: "the key", code: "E_KEY", limit: 64 * 1024 };

/** The text of a key file; `hint` says what to do if there is none. Throws E_KEY. */
export async function readKeyFile(path: string, hint: string): Promise<string> {
  const text = await readSmallText(path, KIND);
  if (text === null) throw new Tofu3Error("E_KEY", `there is no key ${quoted(path)}`, { hint });
  return text;
}
