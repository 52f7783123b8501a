import { messageOf, Tofu3Error, visible } from "../errors.ts";
import { parseJsonText, type JsonRules } from "../oci/json.ts";
import { preAuthEncoding } from "./dsse.ts";
import { verifies, type PublicKey } from "./keys/publickey.ts";
import { envelope, statement } from "./schema/envelope.ts";
import type { ResourceDescriptor, Statement } from "./statement/statement.ts";
import { digestOfLine } from "./statement/statements.ts";

/** A statement whose every signature is by a trusted key. */
export interface Signed {
  /** `line 3 of "vim.intoto.jsonl"` */
  readonly name: string;
  /** What other statements name it by. */
  readonly line: ResourceDescriptor;
  readonly statement: Statement;
  /** At least one. */
  readonly by: readonly PublicKey[];
}

const ENVELOPE: JsonRules = { what: "the envelope" };
const PAYLOAD: JsonRules = { what: "the payload", freeMaps: new Set(["annotations"]), mostValues: 3_000_000 };

/** Whether a text is meant as envelopes rather than as reports. */
export function areEnvelopes(text: string): boolean {
  const start = text.slice(0, text.indexOf("\n") === -1 ? text.length : text.indexOf("\n"));
  return /"payloadType"\s*:/.test(start) && /"payload"\s*:/.test(start);
}

/**
 * The statements of NAME.intoto.jsonl, an envelope a line, as they are signed by `trusted` keys. DSSE v1, "Verifying";
 * stricter, as one false signature is enough to refuse. Throws E_EVIDENCE, which names the line and the place.
 */
export function openEnvelopes(text: string, name: string, trusted: readonly PublicKey[]): readonly Signed[] {
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  return lines.map((line, at) => openEnvelope(line, `line ${at + 1} of ${name}`, trusted));
}

function openEnvelope(line: string, name: string, trusted: readonly PublicKey[]): Signed {
  const { payload, payloadType, signatures } = read(line, ENVELOPE, envelope, name);
  const bytes = Buffer.from(payload, "base64");
  const encoded = preAuthEncoding(payloadType, bytes);
  const by = signatures.map(({ keyid, sig }, at) => {
    const signature = Buffer.from(sig, "base64");
    const key = trusted.find((each) => verifies(each, encoded, signature));
    if (key !== undefined) return key;
    const isKnown = trusted.some(({ id }) => id === keyid);
    const who = keyid === undefined ? "" : ` ${visible(keyid, 80)}`;
    const why = isKnown ? `is not what the key${who} signed` : `is by a key${who} that is not trusted`;
    throw refused(
      name,
      `signatures[${at}] ${why}`,
      isKnown ? undefined : "--trust KEY names a key, once you know whose it is",
    );
  });
  return {
    name,
    line: digestOfLine(line),
    statement: read(textOf(bytes, name), PAYLOAD, statement, `${name}, its payload`),
    by,
  };
}

/** A schema, as far as it is needed here. */
interface Shape<T> {
  safeParse(value: unknown):
    | { readonly success: true; readonly data: T }
    | {
        readonly success: false;
        readonly error: { readonly issues: readonly { path: PropertyKey[]; message: string }[] };
      };
}

/** Strict JSON of that shape; what is not known in it is kept. */
function read<T>(text: string, rules: JsonRules, shape: Shape<T>, name: string): T {
  let value: unknown;
  try {
    value = parseJsonText(text, rules);
  } catch (error) {
    throw refused(name, messageOf(error));
  }
  const parsed = shape.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw refused(name, `at ${visible(issue?.path.join(".") ?? "", 200)}: ${visible(issue?.message ?? "", 300)}`);
}

function textOf(bytes: Uint8Array, name: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw refused(name, "the payload is not UTF-8 text");
  }
}

export function refused(name: string, why: string, hint?: string): Tofu3Error {
  return new Tofu3Error("E_EVIDENCE", `${name} does not hold: ${why}`, {
    hint: hint ?? "it was changed, or put together from several; ask whoever made it for the original",
  });
}
