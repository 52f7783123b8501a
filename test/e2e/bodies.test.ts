import { gzipSync } from "node:zlib";
import { beforeAll, describe, expect, test } from "vitest";
import { makeAuthority } from "../lab/authority.ts";
import { OCI_INDEX } from "../lab/image.ts";
import type { Scripted } from "../lab/liar-answer.ts";
import { startLiar, type Answer, type Liar } from "../lab/liar.ts";
import { makeFolder } from "../lab/processes.ts";
import { useLab } from "../lab/uselab.ts";
import { breaches } from "./contract.ts";
import { openShelf, VANTAGES, type Place, type Shelf } from "./shelf.ts";
import { startStage, SHORT, workOn, type Ask, type Stage, type Verified } from "./stage.ts";

const lab = useLab();
let stage: Stage;
let liar: Liar;

beforeAll(async () => {
  [stage, liar] = await Promise.all([lab(startStage()), lab(startLiar({ vantages: ["fra", "sgp"] }))]);
});

interface Row {
  readonly what: string;
  readonly answer: (shelf: Shelf) => Answer;
  /** The layer, unless something else is said. */
  readonly place?: Place;
  /** 12: nobody knows; 10: these are other bytes. */
  readonly code: 10 | 12;
  readonly fault: RegExp;
  readonly words: RegExp;
}

const to = (location: string): Scripted => ({ status: 307, headers: { Location: location } });
const octets = { "Content-Type": "application/octet-stream" };
const kilobyte = Buffer.alloc(1024, "tofu ");

const ROWS: readonly Row[] = [
  {
    what: "a body that ends early",
    answer: ({ layer }) => ({ body: layer.bytes, cutAt: 5000, then: "fin" }),
    code: 12,
    fault: /^E_CUT$/,
    words: /end|cut|clos/,
  },
  {
    what: "a connection that is reset in the middle",
    answer: ({ layer }) => ({ body: layer.bytes, cutAt: 5000, then: "rst" }),
    code: 12,
    fault: /^E_CUT$/,
    words: /reset|broke|ended early/,
  },
  {
    what: "a body that stops in the middle",
    answer: ({ layer }) => ({ body: layer.bytes, cutAt: 5000, then: "stall" }),
    code: 12,
    fault: /^E_TIMEOUT$/,
    words: /no byte|nothing|idle|2 s|time/,
  },
  {
    what: "no answer at all",
    answer: () => ({ cutAt: -1, then: "stall" }),
    place: "root",
    code: 12,
    fault: /^E_TIMEOUT$/,
    words: /2 s|time/,
  },
  {
    what: "a body that drips",
    answer: ({ layer }) => ({ body: layer.bytes, drip: { bytes: 1, everyMs: 200 } }),
    code: 12,
    fault: /^E_TIMEOUT$/,
    words: /time limit|not done within|only \d+ bytes/,
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
    what: "endless headers",
    answer: () => ({ raw: "X-More: and more\r\n".repeat(50), endless: true }),
    place: "root",
    code: 12,
    fault: /^E_/,
    words: /./,
  },
  {
    what: "a compressed body",
    answer: ({ root }) => ({ headers: { "Content-Type": OCI_INDEX, "Content-Encoding": "gzip" }, body: gzipSync(root.bytes) }),
    place: "root",
    code: 12,
    fault: /^E_ENCODING$/,
    words: /encoded as gzip/,
  },
  {
    what: "a compressed blob",
    answer: ({ layer }) => ({ headers: { "Content-Encoding": "gzip" }, body: gzipSync(layer.bytes) }),
    code: 12,
    fault: /^E_ENCODING$/,
    words: /encoded as gzip/,
  },
  {
    what: "a blob that is one byte short",
    answer: ({ layer }) => ({ body: layer.bytes.subarray(1) }),
    code: 10,
    fault: /^E_MISMATCH$/,
    words: /bytes hash to/,
  },
  { what: "an empty blob", answer: () => ({ headers: octets }), code: 10, fault: /^E_MISMATCH$/, words: /the 0 bytes hash to/ },
  {
    what: "a page instead of a blob",
    answer: () => ({ headers: { "Content-Type": "text/html" }, body: "<html>" }),
    code: 10,
    fault: /^E_MISMATCH$/,
    words: /bytes hash to/,
  },
  {
    what: "two lengths",
    answer: ({ layer }) => ({ headers: { ...octets, "content-length": "7" }, body: layer.bytes }),
    code: 12,
    fault: /^E_FRAMING$/,
    words: /length|not clean HTTP/,
  },
  {
    what: "something that is not HTTP",
    answer: () => ({ raw: "220 mail.example ESMTP \u001b[2J\r\n", then: "fin" }),
    place: "root",
    code: 12,
    fault: /^E_/,
    words: /./,
  },
  { what: "a redirect to itself", answer: ({ path }) => to(path("blob")), code: 12, fault: /^E_REDIRECT$/, words: /circle/ },
  {
    what: "redirects without end",
    answer:
      ({ path }) =>
      (request) =>
        to(`${path("blob")}?hop=${Number(request.target.split("hop=")[1] ?? 0) + 1}`),
    code: 12,
    fault: /^E_REDIRECT$/,
    words: /more than 5 times/,
  },
  {
    what: "a redirect without a place",
    answer: () => ({ status: 302 }),
    code: 12,
    fault: /^E_REDIRECT$/,
    words: /without saying where to/,
  },
  {
    what: "a redirect to a private address",
    answer: () => to("http://10.0.0.1/blob"),
    code: 12,
    fault: /^E_REDIRECT$/,
    words: /10\.0\.0\.1.*not a public address/,
  },
  {
    what: "a redirect to the cloud's metadata",
    answer: () => to("http://169.254.169.254/latest/"),
    place: "root",
    code: 12,
    fault: /^E_REDIRECT$/,
    words: /not a public address/,
  },
  {
    what: "a redirect to a file",
    answer: () => to("file:///etc/passwd"),
    code: 12,
    fault: /^E_REDIRECT$/,
    words: /scheme "file:"/,
  },
];

/** What holds however it went: an answer in time, nothing released, nothing left behind, nothing that a terminal obeys. */
async function check(shelf: Shelf, code: number, ask: Ask = {}): Promise<Verified> {
  const seen = await stage.verify(shelf.reference, {
    liar,
    limits: { ...SHORT, totalSeconds: 12 },
    flags: ["-o", "oci:out"],
    ...ask,
  });
  expect(seen.code, seen.stderr).toBe(code);
  expect(seen.ms).toBeLessThan(40_000);
  expect(breaches(seen.stdout)).toEqual([]);
  expect(await seen.left()).toEqual([]);
  expect(seen.stderr + seen.stdout).not.toMatch(/[\u001b\u202e]/);
  expect(seen.evidence.released).toBeNull();
  return seen;
}

describe.concurrent("an answer that is wrong in its way", () => {
  test.each(ROWS)("$what, at one vantage and at all three", async ({ answer, place = "blob", code, fault, words }) => {
    const who = VANTAGES[ROWS.findIndex((row) => row.words === words && row.fault === fault) % 3] ?? "fra";
    const one = openShelf(liar);
    one.answer(who, place, answer(one));
    const { evidence } = await check(one, code);
    expect(evidence.quorum).toBe("2/3");
    const met = evidence.observations.filter((each) => each.error !== null);
    expect(met.map((each) => each.worker)).toEqual([who]);
    const three = openShelf(liar);
    three.answer("all", place, answer(three));
    const { evidence: same } = await check(three, code);
    expect(same.quorum).toBe("0/3");
    for (const { error, worker, via } of [...met, ...same.observations]) {
      expect(error?.code, `${worker}: ${error?.message ?? ""}`).toMatch(fault);
      expect(error?.message, worker).toMatch(words);
      expect(error?.hint, `${via} ${error?.code ?? ""} ${error?.message ?? ""}`).toMatch(/./);
    }
  });
});

test("https that redirects to http, or that nobody vouches for, is refused by both engines", async () => {
  const folder = await makeFolder("authority");
  const authority = await makeAuthority(folder.path);
  const secure = await lab(startLiar({ vantages: ["fra", "sgp"], certificate: await authority.issue("liar", ["127.0.0.1"]) }));
  const shelf = openShelf(secure);
  const honest: Ask = { liar: secure, config: { others: { registries: { [secure.host]: { caFile: authority.caFile } } } } };
  expect((await stage.verify(shelf.reference, honest)).code).toBe(0);
  shelf.answer("all", "blob", to(`${liar.url}/blob`));
  const { evidence } = await check(shelf, 12, honest);
  for (const { error } of evidence.observations) {
    expect(error).toMatchObject({ code: "E_REDIRECT", message: expect.stringMatching(/redirects from https to http:/) as unknown });
  }
  expect(liar.requests.filter((each) => each.target === "/blob")).toEqual([]);
  const stranger = await makeFolder("stranger");
  const { caFile } = await makeAuthority(stranger.path);
  const unknown = await check(shelf, 12, { liar: secure, config: { others: { registries: { [secure.host]: { caFile } } } } });
  for (const { error } of unknown.evidence.observations) {
    expect(error).toMatchObject({ code: "E_TLS", stage: "tls", hint: expect.any(String) as unknown });
  }
  await stranger.remove();
  await folder.remove();
});

test("no shell and no curl is left on a VM, and no file", async () => {
  expect([stage.fra, stage.sgp].flatMap(workOn)).toEqual([]);
});
