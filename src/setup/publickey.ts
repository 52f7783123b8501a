import { Tofu3Error } from "../errors.ts";
import { keyType } from "../ssh/connection/knownhosts.ts";

/** One checked public key: no field has a blank, a quote or a character that a shell knows. */
export interface PublicKey {
  readonly type: string;
  readonly base64: string;
  /** Words of letters, digits and `@._+-`; never empty. */
  readonly comment: string;
}

/** What tofu3 can prove itself; keys of hardware tokens (sk-…) are not among them. */
const TYPES = /^(?:ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(?:256|384|521))$/;
const MOST_LINE = 16_384;

function refuse(from: string, why: string, hint: string): Tofu3Error {
  return new Tofu3Error("E_USAGE", `cannot use ${from} as the public key: ${why}`, { hint });
}

/**
 * The one key in a text such as that of `id_ed25519.pub`; blank lines and comments do not count. `from` says in
 * messages where the text is from. Throws E_USAGE, without quoting the text.
 */
export function parsePublicKey(text: string, from: string): PublicKey {
  if (text.includes("PRIVATE KEY"))
    throw refuse(
      from,
      "that is a private key, which stays where it is",
      "name the file that ends in .pub: --key FILE.pub",
    );
  const lines = text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"));
  const [line] = lines;
  if (line === undefined) throw refuse(from, "there is no key in it", "ssh-keygen -t ed25519 makes one");
  if (lines.length > 1)
    throw refuse(from, `there are ${lines.length} keys in it`, "put the one to use into a file: --key FILE");
  const [type = "", base64 = "", ...comment] = line.slice(0, MOST_LINE).split(/[ \t]+/);
  if (/^sk-/.test(type))
    throw refuse(from, "tofu3 cannot use a key on a hardware token", "ssh-keygen -t ed25519 makes another");
  const isKey = TYPES.test(type) && /^[A-Za-z0-9+/]+={0,2}$/.test(base64);
  if (!isKey || keyType(Buffer.from(base64, "base64")) !== type)
    throw refuse(
      from,
      "it does not begin with a type and a key",
      "one line as in ~/.ssh/id_ed25519.pub, without options before it",
    );
  const words = comment.filter((word) => /^[A-Za-z0-9@._+-]{1,64}$/.test(word)).slice(0, 4);
  return { type, base64, comment: words.length === 0 ? "tofu3" : words.join(" ") };
}
