import { gzipSync } from "node:zlib";
import { OCI_INDEX } from "../lab/image.ts";
import type { Scripted } from "../lab/liar-answer.ts";
import type { Answer } from "../lab/liar.ts";
import type { Place, Shelf } from "./shelf.ts";

/** An answer that no honest registry gives, and what a worker makes of it. */
export interface Hostile {
  readonly what: string;
  readonly answer: (shelf: Shelf) => Answer;
  /** The layer, unless something else is said. */
  readonly place?: Place;
  /** 12: nobody knows; 10: these are other bytes. */
  readonly code: 10 | 12;
  readonly fault: RegExp;
  readonly words: RegExp;
}

export const redirectTo = (location: string): Scripted => ({ status: 307, headers: { Location: location } });
const octets = { "Content-Type": "application/octet-stream" };
const kilobyte = Buffer.alloc(1024, "tofu ");

export const HOSTILE: readonly Hostile[] = [
  {
    what: "a body that ends early",
    answer: ({ layer }) => ({ body: layer.bytes, cutAt: 5000, then: "fin" }),
    code: 12,
    fault: /^E_CUT$/,
    words: /end|cut|clos/,
  },
  {
    what: "a body that stops in the middle",
    answer: ({ layer }) => ({ body: layer.bytes, cutAt: 5000, then: "stall" }),
    code: 12,
    fault: /^E_TIMEOUT$/,
    words: /no byte|nothing|idle|2 s|time/,
  },
  {
    what: "a body that drips",
    answer: ({ layer }) => ({ body: layer.bytes, drip: { bytes: 1, everyMs: 200 } }),
    code: 12,
    fault: /^E_TIMEOUT$/,
    words: /time limit|not done within|only \d+ bytes|less than \d+ bytes a second/,
  },
  {
    what: "an endless blob",
    answer: () => ({ headers: octets, body: kilobyte, endless: true, length: "chunked" }),
    code: 10,
    fault: /^E_MISMATCH$/,
    words: /more than the \d+ bytes/,
  },
  {
    what: "a blob that claims to be a terabyte",
    answer: () => ({ headers: octets, body: kilobyte, endless: true, length: 1e12 }),
    code: 10,
    fault: /^E_MISMATCH$/,
    words: /more than the \d+ bytes/,
  },
  {
    what: "an endless index",
    answer: () => ({ headers: { "Content-Type": OCI_INDEX }, body: kilobyte, endless: true, length: "chunked" }),
    place: "root",
    code: 12,
    fault: /^E_TOO_LARGE$|^E_LIMIT$/,
    words: /more than|4194304|4 MiB/,
  },
  {
    what: "a compressed body",
    answer: ({ root }) => ({
      headers: { "Content-Type": OCI_INDEX, "Content-Encoding": "gzip" },
      body: gzipSync(root.bytes),
    }),
    place: "root",
    code: 12,
    fault: /^E_ENCODING$/,
    words: /encoded as gzip/,
  },
  {
    what: "a redirect to itself",
    answer: ({ path }) => redirectTo(path("blob")),
    code: 12,
    fault: /^E_REDIRECT$/,
    words: /circle/,
  },
  {
    what: "redirects without end",
    answer:
      ({ path }) =>
      (request) =>
        redirectTo(`${path("blob")}?hop=${Number(request.target.split("hop=")[1] ?? 0) + 1}`),
    code: 12,
    fault: /^E_REDIRECT$/,
    words: /more than 5 times/,
  },
  {
    what: "a redirect to a private address",
    answer: () => redirectTo("http://10.0.0.1/blob"),
    code: 12,
    fault: /^E_REDIRECT$/,
    words: /10\.0\.0\.1.*not a public address/,
  },
];
