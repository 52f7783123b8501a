import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Asked, Observation, Receipt, SeenObject } from "../../src/model/observation.ts";
import { digestOf, type Digest } from "../../src/oci/digest.ts";
import { signedBy } from "../../src/receipt/vouch.ts";
import { observation as worker } from "../report/fixtures.ts";
import { makeSigner, type Signer } from "./signer.ts";

let signer: Signer;
let other: Signer;
beforeAll(async () => {
  [signer, other] = await Promise.all([makeSigner(), makeSigner()]);
});
afterAll(() => Promise.all([signer.remove(), other.remove()]));

const RUN = "0123456789abcdef0123456789abcdef";
const NOTHING = { platform: null, osVersion: null, bottle: null };
const ASKED = { registry: "r.example", repository: "team/app", tag: "v1", pin: null, ...NOTHING } as const;
const [ROOT, CONFIG, LAYER] = ["root", "config", "layer"].map((text) => digestOf(Buffer.from(text))) as [
  Digest,
  Digest,
  Digest,
];
const hex = (digest: Digest): string => digest.slice("sha256:".length);

/** What the VM writes for the question above, from the contract in docs/protocol.md. */
const QUESTION = `q {"run":"${RUN}","worker":"fra","registry":"r.example","repository":"team/app","tag":"v1","pin":null,"platform":null,"osVersion":null,"bottle":null}`;
const TAG = 'u 1 "https://r.example/v2/team/app/manifests/v1"';
const ROOT_JOB = ["j", 'o header = "accept', TAG, "r 1 0", "a h1 HTTP/1.1 200", `d ${hex(ROOT)} *b1`];
const BLOBS = [
  "j",
  `u 1 "https://r.example/v2/team/app/blobs/${CONFIG}"`,
  `u 2 "https://cdn.example/x?`,
  ...["a h1 HTTP/1.1 200", "a h2 HTTP/1.1 200"],
  ...[`d ${hex(CONFIG)} *b1`, `d ${hex(LAYER)}  b2`.replace("  ", " ")],
];

function receipt(lines: readonly string[], question = QUESTION): string {
  return ["tofu3 receipt 1", "began 1700000000", question, ...lines, "ended 1700000009", ""].join("\n");
}

function object(digest: Digest, more: Partial<SeenObject> = {}): SeenObject {
  return {
    role: "layer",
    digest,
    computed: digest,
    size: 4,
    declaredSize: 4,
    mediaType: "x/y",
    parent: ROOT,
    position: 0,
    platform: null,
    osVersion: null,
    annotations: {},
    ...more,
  };
}

const OBJECTS = [
  object(ROOT, { role: "manifest", parent: null, declaredSize: null }),
  object(CONFIG, { role: "config" }),
  object(LAYER),
];

function observation(receipts: readonly Receipt[], more: Partial<Observation> = {}): Observation {
  const base = worker("fra");
  return {
    ...base,
    via: "ssh",
    asked: ASKED,
    digest: ROOT,
    objects: OBJECTS,
    evidence: { ...base.evidence, receipts },
    startedAt: new Date(1_700_000_000_000).toISOString(),
    finishedAt: new Date(1_700_000_009_000).toISOString(),
    ...more,
  };
}

async function told(texts: readonly string[], more: Partial<Observation> = {}, run: string | null = RUN) {
  return signedBy(observation(await Promise.all(texts.map((text) => signer.sign(text))), more), run);
}

/** As many objects as the VM vouches for, with that key. */
const vouched = (objects: number, of = 3, authorities: readonly string[] = []) => {
  return { worker: "fra", by: signer.id, objects, of, authorities, why: null };
};
const refused = (why: string | null, of = 3) => {
  return { worker: "fra", by: null, objects: 0, of, authorities: [], why };
};

describe("what a VM vouches for", () => {
  test("is all of it, in one receipt or in several", async () => {
    expect(await told([receipt([...ROOT_JOB, ...BLOBS])])).toEqual(vouched(3));
    expect(await told([receipt(BLOBS), receipt(ROOT_JOB)])).toEqual(vouched(3));
  });

  test.each([
    ["a blob that it never fetched", [...ROOT_JOB, ...BLOBS.slice(0, -1)], 2],
    ["no root", BLOBS, 2],
    ["a root without a hash", [...ROOT_JOB.slice(0, -1), ...BLOBS], 2],
    ["the hash of no answer", [...ROOT_JOB.filter((line) => !line.startsWith("a ")), ...BLOBS], 2],
    ["the body of an error", [...ROOT_JOB.map((line) => line.replace("200", "404")), ...BLOBS], 2],
    ["a part of a body", [...ROOT_JOB.map((line) => line.replace("200", "206")), ...BLOBS], 2],
    ["the headers of HEAD", ["j", "o head", ...ROOT_JOB.slice(2), ...BLOBS], 2],
    ["what was posted", ["j", "o data-raw", ...ROOT_JOB.slice(2), ...BLOBS], 2],
    ["another tag", [...ROOT_JOB.map((line) => line.replace("/v1", "/v2")), ...BLOBS], 2],
    ["another repository", [...ROOT_JOB.map((line) => line.replace("team", "evil")), ...BLOBS], 2],
    ["another registry", [...ROOT_JOB.map((line) => line.replace("//r.", "//evil.")), ...BLOBS], 2],
    ["another port", [...ROOT_JOB.map((line) => line.replace("example/", "example:444/")), ...BLOBS], 2],
    ["a query of it", [...ROOT_JOB.map((line) => line.replace(/v1"$/, "v1?")), ...BLOBS], 2],
    ["something behind it", [...ROOT_JOB.map((line) => line.replace(/v1"$/, 'v1\\"x"')), ...BLOBS], 2],
    ["an early hint, and then an error", insert(ROOT_JOB, "a h1 HTTP/1.1 404", 5), 0],
    ["a body that was cut", [...ROOT_JOB.map((line) => line.replace("r 1 0", "r 1 18")), ...BLOBS], 2],
    ["no word of how curl ended", [...ROOT_JOB.filter((line) => line !== "r 1 0"), ...BLOBS], 2],
    ["a curl that cannot say how it ended", [...ROOT_JOB.map((line) => line.replace("r 1 0", "r 1 -")), ...BLOBS], 2],
    ["two words of how curl ended", [...insert(ROOT_JOB, "r 1 0", 4), ...BLOBS], 2],
    ["two words of how curl ended, the first bad", [...insert(ROOT_JOB, "r 1 23", 3), ...BLOBS], 2],
    ["no TLS", [...ROOT_JOB.map((line) => line.replace("https:", "http:")), ...BLOBS], 2],
    ["a stream that is no document", [...ROOT_JOB.map((line) => line.replace("*b1", "-")), ...BLOBS], 2],
  ])("is not more with %s", async (_, lines, count) => expect(await told([receipt(lines)])).toEqual(vouched(count)));

  test("is what a tag is redirected to, over several stations", async () => {
    const away = ["j", TAG, "r 1 0", "a h1 HTTP/1.1 307", "a h1 Location: https://near.example/a"];
    const next = ["j", 'u 1 "https://near.example/a"', "r 1 0", "a h1 HTTP/1.1 302", "a h1 location: /b"];
    const last = ["j", 'u 7 "https://near.example/b"', "r 7 0", "a h7 HTTP/1.1 200", `d ${hex(ROOT)} *b7`];
    expect(await told([receipt([...last, ...next, ...away])])).toEqual(vouched(1));
    expect(await told([receipt([...last, ...next])])).toEqual(vouched(0));
    const cut = away.map((line) => line.replace("/a", "/a?"));
    const behind = ["j", 'u 1 "https://near.example/a?', "r 1 0", "a h1 HTTP/1.1 200", `d ${hex(ROOT)} *b1`];
    expect(await told([receipt([...cut, ...behind])])).toEqual(vouched(0));
    const early = [
      "j",
      TAG,
      "r 1 0",
      "a h1 HTTP/1.1 103",
      "a h1 Location: https://near.example/a",
      "a h1 HTTP/1.1 404",
    ];
    expect(await told([receipt([...early, ...next, ...last])])).toEqual(vouched(0));
    // as a proxy may answer in the name of anybody
    const plain = [...away, ...next, ...last].map((line) => line.replace("https://near", "http://near"));
    expect(await told([receipt(plain)])).toEqual(vouched(0));
  });

  test("is asked for by its digest: bytes from wherever they come", async () => {
    const asked = { registry: "r.example", repository: "team/app", digest: ROOT, ...NOTHING };
    const question = `q {"run":"${RUN}","worker":"fra","registry":"r.example","repository":"team/app","digest":"${ROOT}","platform":null,"osVersion":null,"bottle":null}`;
    const jobs = ROOT_JOB.map((line) => line.replace("//r.", "//cdn."));
    expect(await told([receipt(jobs, question)], { asked })).toEqual(vouched(1));
  });

  test("is a tag of Docker Hub at its registry", async () => {
    const asked: Asked = { ...ASKED, registry: "docker.io", repository: "library/alpine" };
    const question = QUESTION.replace("r.example", "docker.io").replace("team/app", "library/alpine");
    const jobs = ROOT_JOB.map((line) =>
      line.replace("r.example/v2/team/app", "registry-1.docker.io/v2/library/alpine"),
    );
    expect(await told([receipt(jobs, question)], { asked })).toEqual(vouched(1));
  });

  test("says which authorities stood for the VM's own, on the way to the root and nowhere else", async () => {
    const [one, two] = ["1".repeat(64), "2".repeat(64)];
    const given = (hash: string, [j = "", ...job]: readonly string[]): string[] => {
      return [j, "o cacert", `o ca ${hash}`, ...job];
    };
    const away = ["j", TAG, "r 1 0", "a h1 HTTP/1.1 307", "a h1 Location: https://near.example/a"];
    const near = ["j", 'u 1 "https://near.example/a"', "r 1 0", "a h1 HTTP/1.1 200", `d ${hex(ROOT)} *b1`];
    expect(await told([receipt(given(one, ROOT_JOB))])).toEqual(vouched(1, 3, [one]));
    expect(await told([receipt([...given(two, away), ...given(one, near)])])).toEqual(vouched(1, 3, [one, two]));
    expect(await told([receipt([...ROOT_JOB, ...given(one, BLOBS)])])).toEqual(vouched(3));
    expect(await told([receipt([...given(one, ROOT_JOB), ...ROOT_JOB])])).toEqual(vouched(1));
    expect(await told([receipt(["j", "o cacert", ...ROOT_JOB.slice(1)])])).toEqual(vouched(1, 3, ["unknown"]));
  });

  test("is counted by bytes, not by what they were asked for", async () => {
    const objects = [...OBJECTS.slice(0, 2), object(LAYER, { computed: null }), object(ROOT, { computed: LAYER })];
    expect(await told([receipt([...ROOT_JOB, ...BLOBS])], { objects })).toEqual(vouched(3, 4));
  });

  describe("of mirrors", () => {
    const place = `/v2/team/app/manifests/${ROOT}`;
    const at = (host: string, sum: Digest): string[] => {
      return ["j", `u 1 "https://${host}${place}"`, "r 1 0", "a h1 HTTP/1.1 200", `d ${hex(sum)} *b1`];
    };
    const mirror = (position: number): SeenObject => object(ROOT, { role: "mirror", position });

    test("that have the root of an image: as many other hosts as it was seen at", async () => {
      const objects = [...OBJECTS.slice(0, 1), mirror(0), mirror(1)];
      expect(await told([receipt(ROOT_JOB)], { objects })).toEqual(vouched(1));
      expect(await told([receipt([...ROOT_JOB, ...at("r.example", ROOT)])], { objects })).toEqual(vouched(1));
      expect(await told([receipt([...ROOT_JOB, ...at("m.example", LAYER)])], { objects })).toEqual(vouched(1));
      const one = [...ROOT_JOB, ...at("m.example", ROOT)];
      expect(await told([receipt([...one, ...at("m.example", ROOT)])], { objects })).toEqual(vouched(2));
      expect(await told([receipt([...one, ...at("n.example", ROOT)])], { objects })).toEqual(vouched(3));
    });

    test("that have a file: from the URL of each", async () => {
      const [url, mirrors] = ["https://r.example/x", ["https://m.example/x", "https://n.example/x"]];
      const asked = { url, pin: null, mirrors, ...NOTHING };
      const question = `q ${JSON.stringify({ run: RUN, worker: "fra", url, pin: null, mirrors, ...NOTHING })}`;
      const got = (from: string, sum = ROOT): string[] => {
        return ["j", `u 1 "${from}"`, "r 1 0", "a h1 HTTP/1.1 200", `d ${hex(sum)} *b1`];
      };
      const file = object(ROOT, { role: "file", parent: null, declaredSize: null });
      const objects = [file, mirror(0), mirror(1)];
      const signs = (jobs: readonly string[]) => told([receipt(jobs, question)], { asked, objects });
      expect(await signs(got(url))).toEqual(vouched(1));
      expect(await signs([...got(url), ...got("https://n.example/x")])).toEqual(vouched(2));
      expect(await signs([...got(url), ...got("https://m.example/x", LAYER)])).toEqual(vouched(1));
      expect(await signs([url, ...mirrors].flatMap((each) => got(each)))).toEqual(vouched(3));
    });
  });

  test("with sha512, too", async () => {
    const sum = createHash("sha512").update("x").digest("hex");
    const objects = [...OBJECTS.slice(0, 1), object(`sha512:${sum}` as Digest)];
    const jobs = ["j", 'u 1 "https://r.example/x"', "a h1 HTTP/1.1 200", `d ${sum} -`];
    expect(await told([receipt([...ROOT_JOB, ...jobs])], { objects })).toEqual(vouched(2, 2));
  });
});

describe("nothing counts", () => {
  test("of a worker that signed nothing, and the worker on this machine is not asked", async () => {
    expect(await told([])).toEqual(refused(null));
    expect(await told([receipt(ROOT_JOB)], { via: "local" })).toBeNull();
  });

  test.each([
    ["another verification", {}, QUESTION.replace("0123", "1123")],
    ["another worker", {}, QUESTION.replace('"fra"', '"sgp"')],
    ["another platform", {}, QUESTION.replace('"platform":null', '"platform":"linux/amd64"')],
    ["another pin", {}, QUESTION.replace('"pin":null', `"pin":"${ROOT}"`)],
    ["no verification", {}, "q "],
  ])("if it is about %s", async (_, more, question) => {
    const lines = [...ROOT_JOB, ...BLOBS];
    expect(await told([receipt(lines, question)], more)).toEqual(refused("its receipts are about something else"));
    expect(await told([receipt(lines), receipt(BLOBS, question)])).toEqual(
      refused("its receipts are about something else"),
    );
  });

  test.each([
    ["run", { run: "f".repeat(32) }],
    ["worker", { worker: "sgp" }],
  ])("if what was asked has a %s of its own", async (key, more) => {
    const question = QUESTION.replace(new RegExp(`"${key}":"[^"]*"`), `"${key}":"${Object.values(more)[0] ?? ""}"`);
    expect(await told([receipt(ROOT_JOB, question)], { asked: { ...ASKED, ...more } as Asked })).toEqual(
      refused("its receipts are about something else"),
    );
  });

  test.each([
    ["began too early", "began 1700000000", "began 1699999399"],
    ["ended too late", "ended 1700000009", "ended 1700000610"],
    ["ended before it began", "ended 1700000009", "ended 1699999999"],
  ])("if it %s", async (_, from, to) => {
    expect(await told([receipt(ROOT_JOB).replace(from, to)])).toEqual(
      refused("its receipts are of another time, or its clock is wrong"),
    );
  });

  test("but for a clock that is ten minutes off", async () => {
    const early = receipt(ROOT_JOB).replace("began 1700000000", "began 1699999400");
    expect(await told([early.replace("ended 1700000009", "ended 1700000609")])).toEqual(vouched(1));
  });

  test("in a report without a run", async () => {
    expect(await told([receipt(ROOT_JOB)], {}, null)).toEqual(refused("its receipts are about something else"));
  });

  test("if the VM signed another artifact for the tag", async () => {
    const lines = ROOT_JOB.map((line) => line.replace(hex(ROOT), hex(LAYER)));
    expect(await told([receipt([...lines, ...BLOBS])])).toEqual(refused("what its VM signed is another artifact"));
    // asked twice, of which one is what is reported
    expect(await told([receipt([...lines, ...ROOT_JOB, ...BLOBS])])).toEqual(vouched(3));
  });

  test("by two keys, or by nobody", async () => {
    const [mine, theirs] = await Promise.all([signer.sign(receipt(ROOT_JOB)), other.sign(receipt(BLOBS))]);
    const why = refused("its receipts are not signed by one key");
    expect(signedBy(observation([mine, theirs]), RUN)).toEqual(why);
    expect(signedBy(observation([mine, { text: receipt(BLOBS), signature: mine.signature }]), RUN)).toEqual(why);
    expect(signedBy(observation([{ ...mine, signature: "x" }]), RUN)).toEqual(why);
  });

  test.each([
    ["without its head", receipt([]).replace("tofu3 receipt 1", "tofu3 receipt 2")],
    ["without its end", receipt([]).replace("ended 1700000009\n", "")],
    ["without its last line feed", receipt([]).slice(0, -1)],
    ["with something behind it", `${receipt([])}x\n`],
    ["without a beginning", receipt([]).replace("began 1700000000", "began")],
    ["without a question", receipt([], "u x")],
    ["with a line before the first job", receipt([TAG])],
    ["with an unknown line", receipt(["j", "x"])],
    ["with an end of nothing", receipt(["j", "r 1 0"])],
    ["with a transfer twice", receipt(["j", TAG, TAG])],
    ["with an answer to nothing", receipt(["j", "a h1 HTTP/1.1 200"])],
    ["with two hashes of one body", receipt([...ROOT_JOB, `d ${hex(LAYER)} b1`])],
    ["with a hash in capitals", receipt(["j", `d ${hex(ROOT).toUpperCase()} *b1`])],
    ["with a URL without an end", receipt(["j", TAG.slice(0, -1)])],
  ])("of a receipt %s", async (_, text) => {
    expect(await told([text])).toEqual(refused("a receipt is not what the worker script writes"));
  });
});

function insert(lines: readonly string[], line: string, at: number): string[] {
  return [...lines.slice(0, at), line, ...lines.slice(at)];
}
