import { guard, type Guard } from "./guard.ts";

const DISTINCT = "test/consensus/distinct.test.ts";
const CASES = "test/consensus/mutation.test.ts";
const EXIT = "test/worker/fetch/exit.test.ts";
const DISPATCH = "test/coordinator/dispatch.test.ts";
const WALK = "test/worker/walk/look.test.ts";
const UNCLEAN = `${WALK} › a transport that does not close cleanly: what was seen stands, and supports nothing`;

/** Who counts as somebody of its own, and that an alarm is neither lost nor late. */
export const ALARM_GUARDS: readonly Guard[] = [
  ...guard(
    "workers that turn out to be one machine",
    {
      file: "src/consensus/distinct.ts",
      from: "machine: sameMachines,",
      to: "machine: () => [],",
      test: `${DISTINCT} › same bytes from one machine are indistinct, and the reason says who and why`,
    },
    {
      file: "src/consensus/distinct.ts",
      from: 'typeof evidence.machine !== "string"',
      to: "false",
      test: `${DISTINCT} › a machine that is not known is not distinct`,
    },
    {
      file: "src/consensus/distinct.ts",
      from: "workers.filter(({ evidence }) => machines.has(evidence.boot))",
      to: "workers.slice(workers.length)",
      test: `${DISTINCT} › who is one › a container without an identity of its own, beside its machine`,
    },
  ),
  ...guard("one proved host key is one worker", {
    file: "src/consensus/distinct.ts",
    from: "[evidence.hostKey, worker]",
    to: "[null, worker]",
    test: `${DISTINCT} › one proved host key is indistinct whatever the policy says`,
  }),
  ...guard(
    "workers that leave by one address",
    {
      file: "src/consensus/distinct.ts",
      from: "network: sameNetworks,",
      to: "network: () => [],",
      test: `${CASES} › of every case is, word for word, what was written down`,
    },
    {
      file: "src/consensus/distinct.ts",
      from: "[...strangers, ...apart]",
      to: "[]",
      test: `${CASES} › of every case is, word for word, what was written down`,
    },
    {
      file: "src/worker/fetch/exit.ts",
      from: "contradictionIn(claims) ??",
      to: "",
      test: `${EXIT} › the registry contradicts the service: unknown`,
    },
    {
      file: "src/worker/fetch/exit.ts",
      from: "isLasting(claims) ? null",
      to: "claims.length > 0 ? null",
      test: `${EXIT} › one exit from what everybody said › $why: unknown`,
    },
  ),
  ...guard(
    "an echo service that lies, floods or hangs",
    {
      file: "src/worker/fetch/echo.ts",
      from: "if (status !== 200)",
      to: "if (status === 0)",
      test: `${EXIT} › a service that $why: the exit is unknown, and the observation as good as any`,
    },
    {
      file: "src/worker/fetch/echo.ts",
      from: "publicOnly && !isPublicAddress(address.text)",
      to: "false",
      test: `${EXIT} › a service that $why: the exit is unknown, and the observation as good as any`,
    },
    {
      file: "src/worker/fetch/echo.ts",
      from: "within(ms, [signal], (limit) => transport.read(query, limit))",
      to: "transport.read(query, signal)",
      test: `${EXIT} › a service that hangs costs its own time and no more`,
    },
    {
      file: "src/worker/fetch/echo.ts",
      from: "vantage.link.begin(`echo ${url.host}`)",
      to: "vantage.link.begin(url.host)",
      test: `${EXIT} › before and after, by a transport of the service's own, on connections of their own`,
    },
  ),
  ...guard("a redacted report has no exit address", {
    file: "src/report/redact.ts",
    from: "words.reduce((rest, word) => rest.replaceAll(word, () => hide(word)), text)",
    to: "words.length > 0 ? text : text",
    test: "test/report/redact.test.ts › no address of an exit is in any report, wherever it was",
  }),
  ...guard("`workers check` contacts nobody", {
    file: "src/cli/commands/workers.ts",
    from: "return indistinct(reports, policy).length === 0 ? printed",
    to: "return reports.length > 0 ? EXIT_OK",
    test: "test/e2e/distinct.test.ts › workers check says the same as verify: 13 and 0",
  }),
  ...guard(
    "a contradiction that was received stands",
    {
      file: "src/worker/walk/ending.ts",
      from: 'if (ends.end instanceof Tofu3Error) return { outcome: "failed", error: ends.end };',
      to: "",
      test: UNCLEAN,
    },
    {
      file: "src/worker/walk/look.ts",
      from: "objects: objectsOf(root),",
      to: 'objects: outcome === "failed" ? [] : objectsOf(root),',
      test: UNCLEAN,
    },
    {
      file: "src/worker/walk/look.ts",
      from: "digest: root.seen?.computed ?? null,",
      to: 'digest: outcome === "failed" ? null : (root.seen?.computed ?? null),',
      test: UNCLEAN,
    },
  ),
  ...guard(
    "an alarm is raised within seconds",
    {
      file: "src/coordinator/dispatch.ts",
      from: 'if (progress.kind === "mismatch") alarm(',
      to: "if (false) alarm(",
      test: `${DISPATCH} › one is served false bytes and the third VM does not answer: the verdict comes after the grace`,
    },
    {
      file: "src/coordinator/dispatch.ts",
      from: "setTimeout(() => stop(all, why), GRACE_MS)",
      to: "setTimeout(() => stop(all, why), 99 * GRACE_MS)",
      test: `${DISPATCH} › two roots differ and the third VM does not answer: the verdict comes after the grace`,
    },
    {
      file: "src/worker/walk/ending.ts",
      from: "return await Promise.race([closed, overdue]);",
      to: "return await closed;",
      test: `${DISPATCH} › two roots differ and the third VM does not end: the verdict comes after the grace`,
    },
  ),
  ...guard("a request that cannot succeed hides no differing root", {
    file: "src/coordinator/dispatch.ts",
    from: 'onUsageFault: () => stop(blobs, "another worker cannot carry out the request"),',
    to: 'onUsageFault: () => stop(all, "another worker cannot carry out the request"),',
    test: `${DISPATCH} › a wrong selection stops the blobs of everybody and nobody's root`,
  }),
  ...guard("a different document is different bytes", {
    file: "src/worker/walk/document.ts",
    from: 'return isMediaType(own?.mediaType) || typeof own?.schemaVersion === "number";',
    to: "return false;",
    test: `${WALK} › a document that is served as %s is a view, whatever it is, and supports nothing`,
  }),
  ...guard(
    "no vantage can exhaust memory",
    {
      file: "src/worker/walk/reading.ts",
      from: "if (spent.bytes + declared > documentBytes)",
      to: "if (false)",
      test: `${WALK} › what an index declares beyond it is not asked for`,
    },
    {
      file: "src/worker/walk/reading.ts",
      from: "spent.bytes += document.bytes.length - declared;",
      to: "",
      test: `${WALK} › a root, of which nothing is declared, counts with what came`,
    },
  ),
  ...guard("no registry can make a worker send credentials without end", {
    file: "src/worker/fetch/authority.ts",
    from: "session.renewals >= MOST_RENEWALS",
    to: "false",
    test: "test/worker/fetch/auth.test.ts › one that is given and never taken, by 200 layers with credentials",
  }),
];
