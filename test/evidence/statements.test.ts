import { execFileSync } from "node:child_process";
import { createHash, createPublicKey, generateKeyPairSync, randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { toDSSEBundle } from "@sigstore/bundle";
import { toSignedEntity, toTrustMaterial, Verifier } from "@sigstore/verify";
import { afterAll, describe, expect, test } from "vitest";
import { Tofu3Error } from "../../src/errors.ts";
import { judgeText } from "../../src/evidence/judgefile.ts";
import { signerFrom } from "../../src/evidence/keys/keypair.ts";
import { formatPublicKey, pemOf, type PublicKey } from "../../src/evidence/keys/publickey.ts";
import type { Signer } from "../../src/evidence/keys/signer.ts";
import { writeStatements } from "../../src/evidence/statement/write.ts";
import type { Evidence } from "../../src/model/evidence.ts";
import { renderJson } from "../../src/report/json.ts";
import { redact } from "../../src/report/redact.ts";
import { agreeing, REPORTS, reportOf } from "./reports.ts";
import { schemaFaults } from "./intotoschema.ts";

const folder = mkdtempSync(join(tmpdir(), "tofu3-statements-"));
afterAll(() => rmSync(folder, { recursive: true }));

function newSigner(): Signer {
  const pem = generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  const signer = signerFrom(pem, null, "a new key");
  if (signer === null) throw new Error("no key");
  return signer;
}

const RUN = "0123456789abcdef0123456789abcdef";
const ME = newSigner();
const OTHER = newSigner();
const TRUSTED: readonly PublicKey[] = [ME.key];
const AGREED: Evidence = { ...reportOf(agreeing), run: RUN };
const linesOf = async (evidence: Evidence, signer = ME): Promise<string[]> =>
  ((await writeStatements(evidence, signer)) ?? "").split("\n").slice(0, -1);
const LINES = await linesOf(AGREED);

type Json = Record<string, unknown>;
const envelopeIn = (line: string): Json => JSON.parse(line) as Json;
const payloadIn = (line: string): Json =>
  JSON.parse(Buffer.from(String(envelopeIn(line)["payload"]), "base64").toString()) as Json;

/** Written from the DSSE specification, not from the code. */
function paeOf(type: string, body: string): Buffer {
  const length = (text: string): number => Buffer.from(text).length;
  return Buffer.from(`DSSEv1 ${length(type)} ${type} ${length(body)} ${body}`);
}

/** Another statement in place of this one, rightly signed. */
async function signed(statement: unknown, signer = ME, type = "application/vnd.in-toto+json"): Promise<string> {
  const body = typeof statement === "string" ? statement : JSON.stringify(statement);
  const sig = Buffer.from(await signer.sign(paeOf(type, body))).toString("base64");
  const signatures = [{ keyid: signer.key.id, sig }];
  return JSON.stringify({ payload: Buffer.from(body).toString("base64"), payloadType: type, signatures });
}

/** `0`, `10 CODE message` */
function judged(lines: readonly string[] | string, trusted: readonly PublicKey[] | null = TRUSTED): string {
  try {
    const text = typeof lines === "string" ? lines : lines.map((line) => `${line}\n`).join("");
    const [part] = judgeText(text, '"f"', { keys: trusted, vms: null });
    if (part === undefined) return "nothing";
    if (!("evidence" in part.judged)) return `${part.judged.code} ${part.judged.message}`;
    const { contradiction, evidence } = part.judged;
    return contradiction === null ? evidence.outcome : `at ${contradiction.at} ${contradiction.says}`;
  } catch (error) {
    if (!(error instanceof Tofu3Error)) throw error;
    return `${error.code} ${error.message}`;
  }
}

describe("what is written", () => {
  test.each(Object.keys(REPORTS))("of %s is judged as the report is", async (name) => {
    const report = { ...REPORTS[name]?.(), run: RUN } as Evidence;
    const lines = await linesOf(report);
    // of a tag that nobody saw anything of
    if (name === "absent") expect(lines).toEqual([]);
    else expect(judged(lines)).toBe(report.outcome);
  });

  test("is one statement for each observation, the verdict, and the summaries, each an in-toto statement", () => {
    expect(LINES.map((line) => payloadIn(line)["predicateType"])).toEqual([
      "urn:tofu3:observation:v1",
      "urn:tofu3:observation:v1",
      "urn:tofu3:observation:v1",
      "urn:tofu3:verdict:v1",
      "https://in-toto.io/attestation/svr/v0.2",
      "https://slsa.dev/verification_summary/v1",
    ]);
    for (const line of LINES) expect(schemaFaults(payloadIn(line))).toEqual([]);
  });

  test("of a disagreement says FAILED, claims nothing, and names every input", async () => {
    const lines = await linesOf({ ...REPORTS["disagreed"]?.(), run: RUN } as Evidence);
    expect(lines).toHaveLength(5);
    const vsa = payloadIn(lines.at(-1) ?? "");
    expect(schemaFaults(vsa)).toEqual([]);
    const inputs = lines.slice(0, 3).map((line) => createHash("sha256").update(line).digest("hex"));
    expect(vsa["predicate"]).toMatchObject({
      verificationResult: "FAILED",
      verifiedLevels: ["FAILED"],
      inputAttestations: inputs.map((sha256) => ({ digest: { sha256 } })),
    });
    // each observation is about what that vantage saw, the summary about all of it
    const subjects = lines.map((line) => payloadIn(line)["subject"] as Json[]);
    expect(subjects[0]).not.toEqual(subjects[2]);
    // two roots, and the manifest that each leads to
    expect(subjects.at(-1)).toHaveLength(4);
  });

  test("claims no level of SLSA", () => {
    for (const line of LINES) expect(JSON.stringify(payloadIn(line))).not.toMatch(/SLSA_/);
  });
});

describe("software that is not ours agrees", () => {
  test("openssl and ssh-keygen's idea of the key", () => {
    const pem = join(folder, "me.pub");
    writeFileSync(pem, pemOf(ME.key));
    for (const line of LINES) {
      const { payload, payloadType, signatures } = envelopeIn(line) as {
        payload: string;
        payloadType: string;
        signatures: { sig: string; keyid: string }[];
      };
      writeFileSync(join(folder, "pae"), paeOf(payloadType, Buffer.from(payload, "base64").toString()));
      writeFileSync(join(folder, "sig"), Buffer.from(signatures[0]?.sig ?? "", "base64"));
      const args = ["pkeyutl", "-verify", "-pubin", "-inkey", pem, "-rawin", "-in", "pae", "-sigfile", "sig"];
      expect(execFileSync("openssl", args, { cwd: folder }).toString()).toContain("Verified Successfully");
    }
    writeFileSync(join(folder, "ssh.pub"), `${formatPublicKey(ME.key)}\n`);
    expect(execFileSync("ssh-keygen", ["-lf", join(folder, "ssh.pub")]).toString()).toContain(` ${ME.key.id} `);
  });

  test.each([
    { who: "the right key", key: ME.key, right: true },
    { who: "another key", key: OTHER.key, right: false },
  ])("sigstore's verifier, with $who", ({ key, right }) => {
    const trust = toTrustMaterial(
      { mediaType: "", tlogs: [], certificateAuthorities: [], ctlogs: [], timestampAuthorities: [] },
      () => ({ publicKey: createPublicKey(pemOf(key)), validFor: () => true }),
    );
    const verifier = new Verifier(trust, { tlogThreshold: 0, ctlogThreshold: 0, timestampThreshold: 0 });
    for (const line of LINES) {
      const { payload, payloadType, signatures } = envelopeIn(line) as {
        payload: string;
        payloadType: string;
        signatures: { sig: string; keyid: string }[];
      };
      const bundle = toDSSEBundle({
        artifact: Buffer.from(payload, "base64"),
        artifactType: payloadType,
        signature: Buffer.from(signatures[0]?.sig ?? "", "base64"),
        keyHint: signatures[0]?.keyid ?? "",
      });
      const check = (): unknown => verifier.verify(toSignedEntity(bundle));
      if (right) check();
      else expect(check).toThrow("signature verification failed");
    }
  });
});

describe("fails closed", () => {
  const changed = (at: number, change: (envelope: Json) => unknown): string[] =>
    LINES.map((line, index) => (index === at ? JSON.stringify(change(envelopeIn(line))) : line));
  const resigned = async (at: number, change: (statement: Json) => unknown): Promise<string[]> =>
    LINES.with(at, await signed(change(payloadIn(LINES[at] ?? ""))));
  const sigs = (envelope: Json): Json[] => envelope["signatures"] as Json[];
  const predicate = (statement: Json): Json => statement["predicate"] as Json;

  test("on one of two signatures that is wrong, whichever it is", () => {
    const wrong = { keyid: ME.key.id, sig: randomBytes(64).toString("base64") };
    for (const more of [(all: Json[]) => [...all, wrong], (all: Json[]) => [wrong, ...all]])
      expect(judged(changed(0, (each) => ({ ...each, signatures: more(sigs(each)) })))).toMatch(
        /^E_EVIDENCE line 1 of "f" does not hold: signatures\[[01]\] is not what the key SHA256:\S+ signed$/,
      );
  });

  test("on a signature by a key that is not trusted, beside one that is, and on none", async () => {
    const both = [
      ...sigs(envelopeIn(LINES[0] ?? "")),
      ...sigs(envelopeIn(await signed(payloadIn(LINES[0] ?? ""), OTHER))),
    ];
    expect(judged(changed(0, (each) => ({ ...each, signatures: both })))).toMatch(/signatures\[1\] is by a key SHA256/);
    expect(judged(await linesOf(AGREED, OTHER))).toMatch(
      /^E_EVIDENCE line 1 .* by a key SHA256:\S+ that is not trusted$/,
    );
    expect(judged(changed(0, (each) => ({ ...each, signatures: [] })))).toMatch(/^E_EVIDENCE line 1 .*signatures/);
    expect(judged(LINES, [])).toMatch(/^E_EVIDENCE line 1 .*not trusted$/);
  });

  test("without a key, on what nobody signed, and on nothing", () => {
    expect(judged(LINES, null)).toMatch(/^E_KEY "f" is signed, and nothing says whose signatures count$/);
    expect(judged(renderJson(AGREED))).toBe('E_EVIDENCE "f" does not hold: nobody signed it');
    expect(judged(renderJson(AGREED), null)).toBe("agreed");
    expect(judged("")).toMatch(/^E_/);
  });

  test("on another payloadType, signed or not", async () => {
    const other = "application/json";
    expect(judged(changed(0, (each) => ({ ...each, payloadType: other })))).toMatch(/^E_EVIDENCE line 1 .*payloadType/);
    const lines = [await signed(payloadIn(LINES[0] ?? ""), ME, other), ...LINES.slice(1)];
    expect(judged(lines)).toMatch(/^E_EVIDENCE line 1 .*payloadType/);
  });

  test("on a key twice, in the envelope and in the payload", async () => {
    const twice = (LINES[0] ?? "").replace('{"payload"', '{"payloadType":"x","payload"');
    expect(judged([twice, ...LINES.slice(1)])).toMatch(/^E_EVIDENCE line 1 .*payloadType/);
    const text = JSON.stringify(payloadIn(LINES[5] ?? ""));
    for (const more of ['"predicateType":"x",', '"subject":[],', '"PredicateType":"x",'])
      expect(judged([...LINES.slice(0, 5), await signed(text.replace("{", `{${more}`))])).toMatch(
        /^E_EVIDENCE line 6 /,
      );
  });

  test("on observations of another run, also of one that says the same", async () => {
    const yesterday = await linesOf({ ...AGREED, run: "f".repeat(32) });
    for (const at of [0, 1, 2])
      expect(judged(LINES.with(at, yesterday[at] ?? ""))).toMatch(/^E_EVIDENCE .*observations/);
    const inputs = [0, 1, 2].map((at) =>
      createHash("sha256")
        .update((at === 0 ? yesterday : LINES)[at] ?? "")
        .digest("hex"),
    );
    const named = inputs.map((sha256) => ({ digest: { sha256 } }));
    const verdict = payloadIn(LINES[3] ?? "");
    const vsa = payloadIn(LINES[5] ?? "");
    const mixed = [
      ...[yesterday[0] ?? "", ...LINES.slice(1, 3)],
      await signed({ ...verdict, predicate: { ...predicate(verdict), observations: named } }),
      LINES[4] ?? "",
      await signed({ ...vsa, predicate: { ...predicate(vsa), inputAttestations: named } }),
    ];
    expect(judged(mixed)).toMatch(/^at predicate of line 1 of "f"\.run f{32}$/);
  });

  test("on a subject that is not what was seen, one more, or one by another digest too", async () => {
    const other = { name: "docker.io/library/alpine:3.20", digest: { sha256: "0".repeat(64) } };
    for (const at of [0, 3, 4, 5]) {
      const [own] = payloadIn(LINES[at] ?? "")["subject"] as [{ digest: object }];
      const subjects = [[other], [own, other], [{ ...own, digest: { ...own.digest, sha512: "0".repeat(128) } }]];
      for (const subject of subjects) {
        const lines = await resigned(at, (each) => ({ ...each, subject }));
        // the verdict names the observation by its digest
        expect(judged(lines)).toMatch(at === 0 ? /^E_EVIDENCE .*observations/ : /^at subject of line \d /);
      }
      expect(judged(await resigned(at, (each) => ({ ...each, subject: [] })))).toMatch(/^E_EVIDENCE .*subject/);
    }
  });

  test("on lines that are missing, in another order, or there twice", () => {
    for (let at = 0; at < LINES.length; at++) expect(judged(LINES.toSpliced(at, 1)), String(at)).not.toBe("agreed");
    for (let at = 0; at < LINES.length; at++)
      expect(judged(LINES.toSpliced(at, 0, LINES[at] ?? "")), String(at)).not.toBe("agreed");
    for (let at = 1; at < LINES.length; at++)
      expect(judged(LINES.toSpliced(at - 1, 2, LINES[at] ?? "", LINES[at - 1] ?? "")), String(at)).not.toBe("agreed");
  });

  test("on a verdict about other observations than those of the file", async () => {
    const hex = { digest: { sha256: "0".repeat(64) } };
    const own = predicate(payloadIn(LINES[3] ?? ""))["observations"] as Json[];
    for (const observations of [
      [],
      [hex],
      own.slice(1),
      [...own, hex],
      own.toReversed(),
      own.with(1, hex),
      null,
      "x",
    ]) {
      const lines = await resigned(3, (each) => ({ ...each, predicate: { ...predicate(each), observations } }));
      expect(judged(lines)).toMatch(/^E_EVIDENCE line 4 .*predicate\.observations/);
    }
  });

  test("on a summary that says more than the verdict", async () => {
    const lines = await linesOf({ ...REPORTS["disagreed"]?.(), run: RUN } as Evidence);
    const vsa = payloadIn(lines[4] ?? "");
    for (const more of [
      { verificationResult: "PASSED" },
      { verifiedLevels: ["TOFU3_UNANIMOUS_3_OF_3"] },
      { inputAttestations: [] },
      { resourceUri: "oci://docker.io/library/other:1" },
      { policy: { uri: "urn:tofu3:policy:v1" } },
    ])
      expect(
        judged([...lines.slice(0, 4), await signed({ ...vsa, predicate: { ...predicate(vsa), ...more } })]),
      ).toMatch(/^at (?:the number of )?predicate of line 5 /);
    expect(judged([...lines.slice(0, 4), LINES[4] ?? "", lines[4] ?? ""])).toMatch(/^at the number of statements 6$/);
  });

  test("on a report that contradicts itself, rightly signed", async () => {
    const report = { ...REPORTS["disagreed"]?.(), run: RUN, outcome: "agreed" } as Evidence;
    expect(judged(await linesOf(report))).toMatch(/^at outcome agreed$/);
  });

  test("on base64 in other dialects, and other bits at its end", async () => {
    const body = JSON.stringify({ ...payloadIn(LINES[5] ?? ""), note: "»ÿ?>~" });
    const right = await signed(`${body}${" ".repeat((4 - (Buffer.from(body).length % 3)) % 3)}`);
    expect(judged([...LINES.slice(0, 5), right])).toBe("agreed");
    const payload = String(envelopeIn(right)["payload"]);
    expect(payload).toMatch(/=$/);
    const dialects = [
      payload.replaceAll("+", "-").replaceAll("/", "_"),
      payload.replace(/=+$/, ""),
      payload.replace(/(.{76})/, "$1\n"),
      `${payload} `,
      payload.replace(/.(=+)$/, (_, end: string) => `${end.length === 2 ? "h" : "l"}${end}`),
    ].filter((each) => each !== payload);
    expect(dialects.length).toBeGreaterThan(3);
    for (const each of dialects)
      expect(judged([...LINES.slice(0, 5), JSON.stringify({ ...envelopeIn(right), payload: each })])).toMatch(
        /^E_EVIDENCE line 6 /,
      );
  });

  test("on text that is not UTF-8, a byte order mark, nesting without end, and a line that is none", async () => {
    const bad = Buffer.concat([Buffer.from('{"a":"'), Buffer.from([0xff]), Buffer.from('"}')]);
    const head = Buffer.from(`DSSEv1 28 application/vnd.in-toto+json ${bad.length} `);
    const signature = Buffer.from(await ME.sign(Buffer.concat([head, bad])));
    const envelope = {
      payload: bad.toString("base64"),
      payloadType: "application/vnd.in-toto+json",
      signatures: [{ sig: signature.toString("base64") }],
    };
    expect(judged([JSON.stringify(envelope)])).toBe(
      'E_EVIDENCE line 1 of "f" does not hold: the payload is not UTF-8 text',
    );
    expect(judged([await signed(`\ufeff${JSON.stringify(payloadIn(LINES[0] ?? ""))}`)])).toMatch(/^E_EVIDENCE line 1 /);
    expect(judged([await signed(`${"[".repeat(5000)}${"]".repeat(5000)}`)])).toMatch(/^E_EVIDENCE line 1 /);
    for (const line of ["", "{}", "null", '"payloadType":"payload":'])
      expect(judged([...LINES, line])).toMatch(/^E_EVIDENCE line 7 /);
    expect(judged(LINES.map((line) => `${line}\r`))).not.toBe("agreed");
  });

  test("on a statement of a later version, and not on more than it knows", async () => {
    const later = await resigned(3, (each) => ({ ...each, predicateType: "urn:tofu3:verdict:v2" }));
    expect(judged(later)).toMatch(/^E_EVIDENCE .*urn:tofu3:verdict:v2/);
    const odd = await resigned(3, (each) => ({ ...each, predicateType: "\u001b[2J" }));
    expect(judged(odd)).toMatch(/^E_EVIDENCE .*\\u\{1b\}\[2J/);
    expect(judged(await resigned(5, (each) => ({ ...each, predicate: { ...predicate(each), more: 1 } })))).toBe(
      "agreed",
    );
  });

  test("on any byte of the payload or the signature that is another one", () => {
    for (const at of [0, 3, 5]) {
      const payload = String(envelopeIn(LINES[at] ?? "")["payload"]);
      for (const place of [0, 40, payload.length - 8]) {
        const other = payload[place] === "A" ? "B" : "A";
        const text = payload.slice(0, place) + other + payload.slice(place + 1);
        expect(judged(changed(at, (each) => ({ ...each, payload: text })))).toMatch(/^E_EVIDENCE line /);
      }
    }
  });
});

test("two verifications in one file are judged one by one", async () => {
  const other = await linesOf({ ...REPORTS["disagreed"]?.(), run: RUN } as Evidence);
  const parts = judgeText([...LINES, ...other].map((line) => `${line}\n`).join(""), '"f"', {
    keys: TRUSTED,
    vms: null,
  });
  expect(
    parts.map(({ judged: each }) => ("evidence" in each ? [each.contradiction, each.evidence.outcome] : each)),
  ).toEqual([
    [null, "agreed"],
    [null, "disagreed"],
  ]);
});

test("a redacted report is signed as it is", async () => {
  expect(judged(await linesOf(redact(AGREED, "salt")))).toBe("agreed");
});

test("who signed is told by the names of the keys", () => {
  const [part] = judgeText(LINES.map((line) => `${line}\n`).join(""), '"f"', { keys: [OTHER.key, ME.key], vms: null });
  expect(part?.judged).toMatchObject({ signedBy: [ME.key.id] });
});
