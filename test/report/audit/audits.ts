import type { Audit, AuditFinding, Examination } from "../../../src/model/audit.ts";
import { FINDING_KINDS } from "../../../src/model/findingkind.ts";
import type { Mention, Unread } from "../../../src/model/mention.ts";
import { findingsOf } from "../../../src/pins/findings/findings.ts";
import { LEVEL_OF } from "../../../src/pins/findings/level.ts";
import { outcomeOf, subjectsOf, summaryOf } from "../../../src/pins/findings/subjects.ts";
import {
  absent,
  added,
  agreed,
  answer,
  because,
  byReference,
  changed,
  digest,
  examination,
  index,
  manifest,
  mention,
  past,
  place,
} from "../../pins/findings/made.ts";

function audit(
  mentions: readonly Mention[],
  seen: ReadonlyMap<string, Examination>,
  unread: readonly Unread[] = [],
): Audit {
  const found = findingsOf(mentions, seen, { failOn: null, baseline: null, honourComments: true });
  const subjects = subjectsOf(seen);
  return {
    schemaVersion: 1,
    tool: { name: "tofu3", version: "0.0.0" },
    startedAt: "2026-03-01T10:00:00.000Z",
    finishedAt: "2026-03-01T10:00:04.250Z",
    depth: "root",
    workers: ["fra", "here", "sgp"],
    outcome: outcomeOf(found.findings, unread),
    summary: summaryOf(subjects, found.findings, unread),
    files: { read: 12, withReferences: 3 },
    subjects,
    ...found,
    unread,
  };
}

const [A, B] = [digest("a1"), digest("b2")];
const AMD = { "linux/amd64": "1" };
const said = (text: string): { readonly summary: string } => ({ summary: text });

/** One reference for each kind of finding. */
const EACH: readonly (readonly [text: string, seen: Partial<Examination>, changes?: Partial<Mention>])[] = [
  [
    `acme/tool:1@${A}`,
    {
      tag: { ...because("disagreed", "split-view"), ...said(`2 of 3 workers saw ${A}, fra saw ${B}`) },
      pin: agreed(manifest("a1")),
    },
  ],
  [
    "homebrew/core/hello:2.6.2",
    {
      tag: {
        ...changed(
          { kind: "version", root: A, mismatch: { tag: "2.6.2", says: "version", text: "2.8.2" } },
          manifest("a1"),
        ),
        ...said(
          `3 of 3 workers saw ${A}, but the tag "2.6.2" was asked for, but the index says that it holds version "2.8.2"`,
        ),
      },
    },
  ],
  [`acme/gone@${A}`, { pin: absent() }],
  [
    `acme/hollow@${A}`,
    {
      pin: {
        ...absent(index("a1", AMD)),
        ...said(`all 3 workers saw ${A} and were told that a part of it does not exist`),
      },
    },
  ],
  [
    "acme/moving:1",
    {
      tag: {
        ...answer("moved", { reason: { kind: "moved", from: [A], to: B } }),
        ...said(`the tag moved from ${A} to ${B} while the workers looked`),
      },
    },
  ],
  ["acme/changed:1", { tag: agreed(manifest("a1"), past("moved")) }],
  [`acme/said:1.2@${A}`, { tag: agreed(manifest("a1")), pin: agreed(manifest("a1")) }, { comment: "1.1" }],
  [
    `acme/platform:1@${A}`,
    { tag: agreed(index("b2", { "linux/amd64": "a1", "linux/arm64": "2" })), pin: agreed(manifest("a1")) },
  ],
  ["alpine", { tag: agreed(manifest("a1")) }],
  ["alpine:3.20", { tag: agreed(manifest("a1")) }],
  [`acme/stale:1@${A}`, { tag: agreed(manifest("b2")), pin: agreed(manifest("a1")) }],
  [
    `acme/grew:1@${A}`,
    {
      tag: agreed(index("b2", { ...AMD, "linux/riscv64": "3" }), past("moved", added("linux/riscv64 manifest"))),
      pin: agreed(index("a1", AMD)),
    },
  ],
  [
    `acme/away@${A}`,
    {
      pin: {
        ...answer("incomplete", {
          fault: { code: "E_RATE_LIMIT", stage: "http", message: "429", hint: "docker login docker.io" },
        }),
        ...said("fra did not finish (the registry said: 429 too many requests)"),
      },
    },
  ],
];

export function everyKind(): Audit {
  const mentions = EACH.flatMap(([text, , changes], at) => [
    mention(text, { place: place("Dockerfile", at + 1), ...changes }),
    mention(text, { place: place("deploy/compose file #1.yaml", 40 - at), ...changes }),
  ]);
  const others = [
    mention("registry.example/app:$TAG", {
      place: place(".gitlab-ci.yml", 3),
      target: { kind: "unresolved", why: "the variable TAG has no default" },
    }),
    mention("alpine:3.20", {
      place: place("test/Dockerfile", 1),
      ignores: [{ kinds: ["unpinned"], reason: "only for tests" }],
    }),
  ];
  const seen = byReference(...EACH.map(([text, each]) => examination(text, each)));
  return audit([...mentions, ...others], seen, [{ file: "docker-bake.hcl", why: "HCL is not read" }]);
}

export function clean(): Audit {
  const text = `alpine:3.20@${A}`;
  return audit([mention(text)], byReference(examination(text, { pin: agreed(manifest("a1")) })));
}

export function unchecked(): Audit {
  const text = `alpine:3.20@${A}`;
  return audit([mention(text)], byReference(examination(text, { notAsked: "10.0.0.1 is a private address" })));
}

/** As many kinds, findings and places as nobody wants to read, with names as long as they get. */
export function huge(): Audit {
  const findings = FINDING_KINDS.flatMap((kind) =>
    Array.from({ length: 60 }, (_, at): AuditFinding => {
      const file = `${"deeply/nested/".repeat(20)}${at}/Dockerfile`;
      return {
        kind,
        level: LEVEL_OF[kind],
        reference: `registry.example/${"long/".repeat(40)}name${at}:tag@${A}`,
        message: `${"it is as it is ".repeat(30)}${B}`,
        next: "do something about it",
        digest: B,
        fails: LEVEL_OF[kind] !== "note",
        places: Array.from({ length: 30 }, (_, line) => place(file, line + 1)),
      };
    }),
  );
  const suppressed = findings.slice(0, 100).map((finding) => {
    return { finding, by: "baseline", reason: "it is in the baseline" } as const;
  });
  const unread = Array.from({ length: 100 }, (_, at) => ({ file: `${at}.hcl`, why: "HCL is not read" }));
  const summary = `${findings.length} findings in 600 of 1000000 references; 400000 could not be checked`;
  return { ...clean(), outcome: "findings", findings, suppressed, unread, summary };
}

export const HOSTILE =
  "\u001b[2J\u001b]0;x\u0007 \u202egnp.exe \u2028 \ufffe \ud800 ]]> --> | <b onclick=x>`*_[a](javascript:x) " +
  "</style></script><script>alert(1)</script><img src=x onerror='y'> \"'=& {0} %0A @everyone https://evil.example/ \u009b31m\n::error::x\r##[error]y";

/** Everything that a file, a registry or a VM may choose says the worst it can. */
export function hostile(): Audit {
  const bad = { ...place(`${HOSTILE}/..//a:b?c#d`, 3), endLine: 5 };
  const finding = (kind: AuditFinding["kind"]): AuditFinding => ({
    kind,
    level: LEVEL_OF[kind],
    reference: HOSTILE,
    message: HOSTILE,
    next: HOSTILE,
    digest: null,
    fails: LEVEL_OF[kind] !== "note",
    places: [bad, place(HOSTILE, 7)],
  });
  return {
    ...clean(),
    outcome: "findings",
    summary: HOSTILE,
    workers: [HOSTILE],
    subjects: [{ reference: HOSTILE, digest: null, outcome: "disagreed", summary: HOSTILE }],
    findings: FINDING_KINDS.map(finding),
    suppressed: [{ finding: finding("grew"), by: "comment", reason: HOSTILE }],
    unread: [{ file: HOSTILE, why: HOSTILE }],
  };
}

export const AUDITS = { clean, unchecked, findings: everyKind, hostile } as const;
