import { describe, expect, test } from "vitest";
import type { Finding } from "../../src/model/diagnosis.ts";
import { diagnosisOf } from "../../src/report/diagnosis.ts";
import { digest } from "../consensus/observations.ts";

const [A, F] = [digest("a"), digest("f")];
const found = (part: Partial<Finding> & Pick<Finding, "class" | "because">): Finding => ({
  confidence: "likely",
  odd: ["sgp"],
  ...part,
});

/** What tells one diagnosis from another to a reader: who, what, and what to do. */
const WORDS: readonly { readonly finding: Finding; readonly says: RegExp; readonly next: RegExp }[] = [
  {
    finding: found({ class: "absent", odd: [], because: { kind: "absent" } }),
    says: /every worker .*does not exist/,
    next: /tofu3 tags/,
  },
  { finding: found({ class: "absent", because: { kind: "absent" } }), says: /sgp is told "not found"/, next: /again/ },
  {
    finding: found({
      class: "unreachable",
      because: { kind: "unreachable", stage: "dns", message: "no such host", hint: "ask again" },
    }),
    says: /sgp .*resolving a name.*no such host/,
    next: /^ask again$/,
  },
  {
    finding: found({
      class: "unreachable",
      because: { kind: "unreachable", stage: null, message: "it ended", hint: null },
    }),
    says: /sgp .*: it ended/,
    next: /run it again/,
  },
  {
    finding: found({
      class: "unreachable",
      because: { kind: "host-key", doubt: "is revoked", message: "the host key IS REVOKED", hint: "look at it" },
    }),
    says: /sgp was not asked: the machine that answered showed a host key that is revoked: the host key IS REVOKED/,
    next: /^look at it$/,
  },
  {
    finding: found({
      class: "not-content",
      because: { kind: "page", status: 403, contentType: "text/html", head: "<html>" },
    }),
    says: /sgp .*status 403, text\/html, it begins with "<html>"/,
    next: /on sgp/,
  },
  {
    finding: found({ class: "not-content", because: { kind: "page", status: null, contentType: null, head: "" } }),
    says: /place of the content$/,
    next: /on sgp/,
  },
  {
    finding: found({ class: "false-content", because: { kind: "false", everywhere: false } }),
    says: /sgp asked for content by its digest, and was served other bytes/,
    next: /do not use what sgp downloaded/,
  },
  {
    finding: found({ class: "false-content", because: { kind: "false", everywhere: true } }),
    says: /every worker asked .*served other bytes/,
    next: /do not use it/,
  },
  {
    finding: found({ class: "mislabelled", because: { kind: "types" } }),
    says: /same bytes, but sgp was told another media type/,
    next: /do not use it/,
  },
  {
    finding: found({ class: "mislabelled", odd: [], because: { kind: "version" } }),
    says: /another version than its tag/,
    next: /own tag/,
  },
  {
    finding: found({ class: "tag-moved", odd: [], because: { kind: "moved", from: [A], to: F, at: null } }),
    says: /moved from sha256:a+… to sha256:f+… while/,
    next: /run it again/,
  },
  {
    finding: found({
      class: "tag-moved",
      odd: [],
      because: { kind: "moved", from: [A], to: F, at: "2026-03-01T12:00:00.000Z" },
    }),
    says: /sha256:f+….*2026-03-01.*sha256:a+…/,
    next: new RegExp(`@${F}`),
  },
  {
    finding: found({
      class: "rolled-back",
      odd: [],
      because: { kind: "moved", from: [A], to: F, at: "2026-03-01T12:00:00.000Z" },
    }),
    says: /before sha256:a+…/,
    next: new RegExp(`@${F}`),
  },
  {
    finding: found({ class: "tag-moved", odd: [], because: { kind: "pin", pin: A, to: F } }),
    says: /sha256:f+…, and not the pinned sha256:a+…/,
    next: /NAME@DIGEST/,
  },
  {
    finding: found({ class: "rolled-back", odd: [], because: { kind: "pin", pin: A, to: F } }),
    says: /knows from earlier/,
    next: /NAME@DIGEST/,
  },
  {
    finding: found({
      class: "interception",
      because: { kind: "issuer", host: "ghcr.io", odd: "O=Proxy", others: "O=Real" },
    }),
    says: /sgp .*ghcr\.io.*"O=Proxy".*"O=Real"/,
    next: /network of sgp/,
  },
  {
    finding: found({ class: "split-view", because: { kind: "split", digest: F, alone: true, clings: true } }),
    says: /sgp .*sha256:f+…, every time it was asked, and the others do not get that/,
    next: /attack/,
  },
  {
    finding: found({ class: "split-view", because: { kind: "split", digest: null, alone: false, clings: false } }),
    says: /sgp .*something else: one part/,
    next: /attack/,
  },
  {
    finding: found({ class: "stale-replica", because: { kind: "stale", digest: F, at: "2026-03-01T12:00:00.000Z" } }),
    says: /sgp .*the old sha256:f+…, which all workers agreed upon on 2026-03-01/,
    next: /wait/,
  },
  {
    finding: found({ class: "stale-replica", because: { kind: "stale", digest: F, at: null } }),
    says: /older than the other by its own date/,
    next: /wait/,
  },
  {
    finding: found({ class: "reserialised", because: { kind: "related" } }),
    says: /sgp .*exactly the same content/,
    next: /mirror/,
  },
  {
    finding: found({ class: "recompressed", because: { kind: "related" } }),
    says: /unpack to the same content, which nobody has checked/,
    next: /publisher/,
  },
  {
    finding: found({ class: "index-republished", because: { kind: "related" } }),
    says: /same manifests for what was selected/,
    next: /own digest/,
  },
  {
    finding: found({ class: "dynamic", odd: [], because: { kind: "dynamic", digests: 9 } }),
    says: /9 digests/,
    next: /by digest/,
  },
  {
    finding: found({ class: "unexplained", because: { kind: "indistinct" } }),
    says: /sgp cannot be told apart/,
    next: /workers check/,
  },
  {
    finding: found({ class: "unexplained", odd: [], because: { kind: "unknown" } }),
    says: /no known cause/,
    next: /--keep-evidence/,
  },
];

describe("a diagnosis in words", () => {
  test.each(WORDS)("$finding.class, $finding.because.kind: $says", ({ finding, says, next }) => {
    const said = diagnosisOf(finding);
    expect(said.class).toBe(finding.class);
    expect(said.confidence).toBe(finding.confidence);
    expect(said.explanation).toMatch(says);
    expect(said.next).toMatch(next);
    for (const text of [said.explanation, said.next]) expect(text).not.toMatch(/undefined|null|\.$/);
  });

  test("has words of its own for each", () => {
    const all = WORDS.map(({ finding }) => diagnosisOf(finding).explanation);
    expect(new Set(all).size).toBe(all.length);
  });

  test("repeats nothing that a terminal would obey", () => {
    const bad = "\u001b[2J\u202e\n";
    const hostile: readonly Finding[] = [
      found({ class: "unreachable", because: { kind: "unreachable", stage: "http", message: bad, hint: bad } }),
      found({ class: "not-content", because: { kind: "page", status: 200, contentType: bad, head: bad } }),
      found({ class: "interception", because: { kind: "issuer", host: "ghcr.io", odd: bad, others: bad } }),
    ];
    for (const { explanation, next } of hostile.map((each) => diagnosisOf(each)))
      expect(explanation + next).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  });

  test("is one sentence, however long a registry's words are", () => {
    const long = found({
      class: "unreachable",
      because: { kind: "unreachable", stage: "http", message: "x".repeat(10_000), hint: "y".repeat(10_000) },
    });
    const { explanation, next } = diagnosisOf(long);
    expect(explanation.length + next.length).toBeLessThan(1000);
  });
});
