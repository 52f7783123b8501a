import { guard, type Guard } from "./guard.ts";

const STATES = "test/serve/gate/states.test.ts";
const ALARMS = "test/serve/gate/alarms.test.ts";
const FLIGHTS = "test/serve/gate/flights.test.ts";
const RACES = "test/serve/gate/races.test.ts";
const OUTLINE = "test/serve/gate/outline.test.ts";

/** What the gate answers, and when. */
export const GATE_GUARDS: readonly Guard[] = [
  ...guard(
    "the gate grants an object only after all vantages agreed on it for this repository",
    {
      file: "src/serve/gate/landing.ts",
      from: 'if (evidence.outcome !== "agreed") return refusalOf(evidence, verdict);',
      to: "",
      test: `${STATES} › a disagreement about a tag is on hold until somebody clears it, whatever the vantages say by then`,
    },
    {
      file: "src/serve/gate/objects.ts",
      from: "const object = await store.find(wish, wish.digest);",
      to: 'const object = { kind: wish.kind, digest: wish.digest, size: 1, mediaType: "a/b", agreedAt: "", verdict: null };',
      test: `${STATES} › a blob that no agreed document names is asked for by itself; one of another repository is asked for again`,
    },
  ),
  ...guard(
    "a disagreement is on hold until a person clears it",
    {
      file: "src/serve/gate/landing.ts",
      from: 'if (outcome !== "disagreed" && outcome !== "moved") return store.keepVerdict(evidence);',
      to: 'if (outcome !== "moved") return store.keepVerdict(evidence);',
      test: `${STATES} › a disagreement about a tag is on hold until somebody clears it, whatever the vantages say by then`,
    },
    {
      file: "src/serve/gate/create.ts",
      from: "return hold === null ? landing : held(",
      to: "return hold !== undefined ? landing : held(",
      test: `${ALARMS} › a digest on hold stays on hold when all agree on a tag that leads to it`,
    },
    {
      file: "src/serve/gate/landing.ts",
      from: "await put(null);",
      to: "",
      test: `${ALARMS} › an alarm whose verdict cannot be written is on hold all the same`,
    },
    {
      file: "src/serve/gate/landing.ts",
      from: 'log("error", `an alarm is on hold',
      to: 'if (error !== null) throw error;\n    log("error", `an alarm is on hold',
      test: `${ALARMS} › an alarm whose verdict cannot be written is on hold all the same`,
    },
    {
      file: "src/serve/gate/tags.ts",
      from: 'if (hold?.outcome === "disagreed") return held(wish, hold);\n  if (copy !== null) {',
      to: "if (copy !== null) {",
      test: `${RACES} › a round that begins as another one ends in a disagreement does not take the hold away`,
    },
    {
      file: "src/serve/gate/landing.ts",
      from: "isAlarm && accused.length === 0 ? blobs",
      to: "isAlarm && accused.length === 0 ? []",
      test: `${RACES} › a disagreement of several blobs that accuses none of them is one about their manifest`,
    },
    {
      file: "src/serve/gate/tags.ts",
      from: "await store.clearHold(wish, wish.tag);",
      to: "",
      test: `${STATES} › a move is on hold until a fresh round agrees`,
    },
  ),
  ...guard(
    "what a vantage that is away leaves unsaid is answered with the last agreement for `staleFor`",
    {
      file: "src/serve/gate/tags.ts",
      from: "ageOf(tower, copy.record.agreedAt) >= tower.config.staleFor",
      to: "false",
      test: `${STATES} › while a vantage is away, what was agreed on is served for a day with a warning, and then no more`,
    },
    {
      file: "src/serve/gate/tags.ts",
      from: "[staleNotice(copy.record, sentence), ...notices]",
      to: "notices",
      test: `${STATES} › while a vantage is away, what was agreed on is served for a day with a warning, and then no more`,
    },
  ),
  ...guard("nothing that no client asked for is fetched but the blobs of a manifest that one gets", {
    file: "src/serve/gate/create.ts",
    from: ' || method === "HEAD") return landing;',
    to: ") return landing;",
    test: `${STATES} › a HEAD gets no blobs`,
  }),
  ...guard(
    "clients that ask for the same thing are one flight, which goes on without them",
    {
      file: "src/serve/gate/tags.ts",
      from: "tower.flights.find(keyOf(wish)) ?? start(tower, wish, copy)",
      to: "start(tower, wish, copy)",
      test: `${STATES} › two hundred at a time are one flight, which goes on when all of them leave`,
    },
    {
      file: "src/serve/gate/flights.ts",
      from: "while (this.#lanes[lane].running < this.#atOnce) {",
      to: "while (this.#lanes[lane].running < Infinity) {",
      test: `${FLIGHTS} › so many at a time in each lane, the others in order, and documents do not wait behind blobs`,
    },
  ),
  ...guard(
    "a manifest that sends clients elsewhere for its layers is refused",
    {
      file: "src/serve/gate/outline.ts",
      from: "descriptors.some((each) => each.elsewhere === true)",
      to: "false",
      test: `${OUTLINE} › urls: %j lead elsewhere: %s`,
    },
    {
      file: "src/serve/gate/below.ts",
      from: "if (outline.leadsElsewhere)",
      to: "if (outline.blobs.length > 1e6)",
      test: `${STATES} › what cannot be gated is refused: layers elsewhere, upstreams that are not listed, what is refused on purpose`,
    },
  ),
  ...guard("the gate asks no registry that is not listed", {
    file: "src/serve/gate/create.ts",
    from: "config.upstreams.has(registryKey(repository))",
    to: "registryKey(repository) !== null",
    test: `${STATES} › what cannot be gated is refused: layers elsewhere, upstreams that are not listed, what is refused on purpose`,
  }),
];
