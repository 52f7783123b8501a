import { guard, type Guard } from "./guard.ts";

const JUDGE = "test/consensus/judge.test.ts";
const ORACLE = "test/consensus/oracle.test.ts";
const RULES = "test/config/rules.test.ts";
const EXIT = "test/cli/exit.test.ts";
const JSON_TEST = "test/oci/json.test.ts";
const MANIFEST = "test/oci/manifest.test.ts";
const ATTACKS = "test/attacks/attacks.test.ts";

/**
 * The judgement, which test/consensus/mutation.test.ts takes apart as a whole, parsers, configuration, exit codes, the
 * tree itself.
 */
export const OTHER_GUARDS: readonly Guard[] = [
  ...guard(
    "nothing but distinct, complete, equal observations agrees",
    {
      file: "src/consensus/judge.ts",
      from: "distinct < observations.length",
      to: "false",
      test: `${JUDGE} › one worker that reports three times counts once`,
    },
    {
      file: "src/consensus/judge.ts",
      from: "export const QUORUM = 3;",
      to: "export const QUORUM = 2;",
      test: `${JUDGE} › two workers never agree`,
    },
  ),
  ...guard("only a run in which all workers agree reaches a release", {
    file: "src/consensus/judge.ts",
    from: "missing.length === 0 ? null",
    to: "missing.length >= 0 ? null",
    test: "test/consensus/states.test.ts › is judged as the rule says, and only what three were told alike is released",
  }),
  ...guard(
    "two roots that differ are an alarm",
    {
      file: "src/consensus/difference.ts",
      from: "complete.has(each) && !present.has(each)",
      to: "!present.has(each.worker)",
      test: `${ORACLE} › cuts of one truth never disagree`,
    },
    {
      file: "src/consensus/difference.ts",
      from: "(edge !== ROOT && !oneRoot)",
      to: "!oneRoot",
      test: `${ORACLE} › two roots never fail to disagree`,
    },
    {
      file: "src/consensus/judge.ts",
      from: "if (differences.length > 0)",
      to: "if (differences.length > 0 && observations.length < 4)",
      test: `${ORACLE} › whoever adds an observation never turns 10 into anything else`,
    },
  ),
  ...guard("judging takes time in proportion", {
    file: "src/consensus/difference.ts",
    from: "const sights = edges.get(edge);",
    to: "const sights = edges.get(edge); for (let at = 0; at < 20 * edges.size; at += 1) Math.sqrt(at);",
    test: "test/consensus/growth.test.ts › layers of one manifest: four times as many cost about four times as much",
  }),
  ...guard(
    "documents that parsers read differently are refused",
    {
      file: "src/oci/json.ts",
      from: "frame.seen.set(mark, key);",
      to: "",
      test: `${JSON_TEST} › what parsers read differently is refused › a key twice`,
    },
    {
      file: "src/oci/json.ts",
      from: "const fold = foldKey(key);",
      to: "const fold = key;",
      test: `${JSON_TEST} › what parsers read differently is refused › keys that differ by case`,
    },
    {
      file: "src/oci/json.ts",
      from: 'if (key === "__proto__")',
      to: "if (false)",
      test: `${JSON_TEST} › what parsers read differently is refused › __proto__`,
    },
    {
      file: "src/oci/json.ts",
      from: 'new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })',
      to: 'new TextDecoder("utf-8", { fatal: true })',
      test: `${JSON_TEST} › what parsers read differently is refused › a byte order mark`,
    },
    {
      file: "src/oci/manifest.ts",
      from: "if (others.length > 0)",
      to: "if (false)",
      test: `${MANIFEST} › refused, with the place › manifests and layers`,
    },
    {
      file: "src/oci/manifest.ts",
      from: "if (given === null || given === type) return type;",
      to: "return type;",
      test: `${MANIFEST} › the media type › refused: an OCI manifest that is delivered as a Docker one`,
    },
    {
      file: "src/oci/manifest.ts",
      from: "checkSizes([config, ...layers]);",
      to: "",
      test: `${MANIFEST} › refused, with the place › one digest with two sizes`,
    },
  ),
  ...guard(
    "two workers that are one machine are refused",
    {
      file: "src/config/rules.ts",
      from: "if (isIP(bare) !== 6",
      to: "if (isIP(bare) !== 7",
      test: `${RULES} › three workers that are three › an IPv6 address in two spellings`,
    },
    {
      file: "src/config/rules.ts",
      from: "if (hostKey !== undefined) once(",
      to: "if (false) once(",
      test: `${RULES} › three workers that are three › a host key twice`,
    },
    {
      file: "src/config/rules.ts",
      from: "seen.set(place, endpoint);",
      to: "",
      test: `${RULES} › two aliases of one machine are refused`,
    },
  ),
  ...guard(
    "exit codes are the documented ones",
    {
      file: "src/cli/exit.ts",
      from: '{ code: 12, outcome: "incomplete"',
      to: '{ code: 17, outcome: "incomplete"',
      test: `${EXIT} › docs/exit-codes.md has the table of the source`,
    },
    {
      file: "src/cli/exit.ts",
      from: 'code === "E_DIGEST" || code === "E_MISMATCH"',
      to: 'code === "E_DIGEST"',
      test: `${EXIT} › E_MISMATCH exits with 10`,
    },
    {
      file: "src/cli/exit.ts",
      from: "if (isUsage(code)) return EXIT_USAGE;",
      to: "",
      test: `${EXIT} › E_CONFIG exits with 2`,
    },
  ),
  ...guard("whatever a registry answers: nothing is released", {
    file: "src/errors.ts",
    from: "[\\p{Cc}\\p{Cf}\\p{Zl}\\p{Zp}\\p{Cs}]",
    to: "[\\p{Cs}]",
    test: `${ATTACKS} › 403 with a message full of escapes, told to here (r22a-403-with-a-message-full-of-escapes.json)`,
  }),
  ...guard("a lie at any place to any vantage is found", {
    file: "src/consensus/difference.ts",
    from: "object.computed === object.digest &&",
    to: "",
    test: "test/e2e/lies.test.ts › are served the same wrong bytes of the %s: disagreed with what was asked for",
  }),
  ...guard(
    "rooms import downstairs only",
    {
      file: "src/oci/digest.ts",
      from: 'import { createHash } from "node:crypto";',
      to: 'import { createHash } from "node:crypto";\nimport "../worker/walk/look.ts";',
      test: "test/walls.test.ts › oci/digest.ts imports downstairs only",
    },
    {
      file: "src/worker/fetch/blob.ts",
      from: 'import { measureBody } from "./content.ts";',
      to: 'import { measureBody } from "./content.ts";\nimport "../walk/document.ts";',
      test: "test/walls.test.ts › worker/fetch/blob.ts imports downstairs only",
    },
    {
      file: "src/oci/digest.ts",
      from: 'import { createHash } from "node:crypto";',
      to: 'import { createHash } from "node:crypto";\nimport type {} from "./reference.ts";',
      test: "test/walls.test.ts › no import runs in a circle, that of a type neither",
    },
    {
      file: "src/oci/digest.ts",
      from: 'import { createHash } from "node:crypto";',
      to: 'import { createHash } from "node:crypto";\nimport "node:fs";',
      test: "test/walls.test.ts › oci/digest.ts keeps the habits",
    },
  ),
  ...guard("the package is exactly what its sources build", {
    file: "package.json",
    from: '"zod": "',
    to: '"zod": "^',
    test: "test/supply/supply.test.ts › direct dependencies have one exact version",
  }),
];
