import { fieldsAt, listAt, namesOf, optionalAt, quoted, refuse } from "./fields.ts";
import { parseJson, type JsonRules } from "./json.ts";

const MOST_SIGNATURES = 16;
const NAMES = namesOf("signatures");
const SIGNATURE_NAMES = namesOf("header", "protected", "signature");
const PROTECTED_NAMES = namesOf("formatLength", "formatTail", "time");
const BASE64URL = /^[A-Za-z0-9_-]*={0,2}$/;
// members outside the payload may repeat: they are neither signed nor used
const ENVELOPE: JsonRules = { what: "the schema 1 manifest", envelope: "signatures" };

/**
 * The bytes that the signatures of a pretty JWS (libtrust) cover: the first `formatLength` bytes, then `formatTail`.
 * All signatures must cover the same bytes. Null if the document has no `signatures`. Throws E_MANIFEST.
 */
export function payloadOf(bytes: Uint8Array): Uint8Array | null {
  const fields = fieldsAt(parseJson(bytes, ENVELOPE), "$", NAMES);
  if (!Object.hasOwn(fields, "signatures")) return null;
  const signatures = listAt(fields["signatures"], "$.signatures", MOST_SIGNATURES);
  const [payload, ...others] = signatures.map((signature, index) =>
    payloadOfOne(bytes, signature, `$.signatures[${index}]`),
  );
  if (payload === undefined) return refuse("$.signatures", "empty");
  if (others.some((other) => Buffer.compare(other, payload) !== 0))
    refuse("$.signatures", "they sign different contents");
  return payload;
}

function payloadOfOne(bytes: Uint8Array, signature: unknown, path: string): Uint8Array {
  const header = decode(fieldsAt(signature, path, SIGNATURE_NAMES)["protected"], `${path}.protected`);
  const place = `${path}.protected`;
  const fields = fieldsAt(parseJson(header, { what: place }), place, PROTECTED_NAMES);
  const length = fields["formatLength"];
  if (typeof length !== "number" || !Number.isSafeInteger(length) || length < 1 || length > bytes.length) {
    return refuse(
      `${place}.formatLength`,
      `not a length within the ${bytes.length} bytes of the document: ${quoted(length)}`,
    );
  }
  return Buffer.concat([bytes.subarray(0, length), decode(optionalAt(fields, "formatTail"), `${place}.formatTail`)]);
}

function decode(value: unknown, path: string): Uint8Array {
  if (typeof value !== "string" || !BASE64URL.test(value)) return refuse(path, `not base64url: ${quoted(value)}`);
  return Buffer.from(value, "base64url");
}
