import { z } from "zod";

/** Values of reports that more than one part of them has. A key that is not known here is kept: newer versions add some. */

export const digest = z.string().regex(/^(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/);
// with --redact, the salted hash of what would be there
export const hash = z.string().regex(/^([0-9a-f]{64}|hash:[0-9a-f]{16})$/);
export const time = z.iso.datetime({ offset: false });
export const bytes = z.int().min(0);
/** With --redact too, a hash. */
export const hostKey = z.string().regex(/^(SHA256:[A-Za-z0-9+/]{43}|hash:[0-9a-f]{16})$/);
const OUTCOMES = ["agreed", "disagreed", "moved", "incomplete", "indistinct", "pending", "changed", "absent"] as const;
export const outcome = z.enum(OUTCOMES);
export const role = z.enum(["index", "manifest", "config", "layer", "blob", "file", "mirror"]);
export const annotations = z.record(z.string(), z.string());
export const sentence = z
  .string()
  .min(1)
  // no control characters, in words that every validator of JSON Schema knows
  .regex(/^[^\u0000-\u001f\u007f-\u009f]*$/);

export const selection = {
  platform: z.string().nullable(),
  osVersion: z.string().nullable(),
  bottle: z.string().nullable(),
};
export const code = z.string().regex(/^E_[A-Z_]+$/);
export const fault = z.looseObject({
  code,
  stage: z.enum(["ssh", "dns", "connect", "tls", "auth", "http", "body", "digest"]).nullable(),
  message: sentence,
  hint: sentence.nullable(),
  // of a selection that matches nothing
  choices: z.array(sentence).min(1).optional(),
});

/** RFC 4648 §4: one text for the same bytes. */
export const base64 = z
  .string()
  .regex(/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/][AQgw]==|[A-Za-z0-9+/]{2}[AEIMQUYcgkosw048]=)?$/, {
    error: "not base64 as in RFC 4648 section 4: + and /, padded, without line breaks, and no other bits at the end",
  });
