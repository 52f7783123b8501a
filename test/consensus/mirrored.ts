import type { Knowledge } from "../../src/consensus/judge.ts";
import type { Policy } from "../../src/model/policy.ts";
import type { Asked, Observation, SeenObject } from "../../src/model/observation.ts";
import type { Digest } from "../../src/oci/digest.ts";
import { digest, fault, object, observation, tree } from "./observations.ts";

const NAMES = ["here", "fra", "sgp"];
const MIRRORS = ["https://one.example/x", "https://two.example/x"];

const file = object({ role: "file", digest: digest("a") });
const at = (position: number, letter = "a"): SeenObject =>
  object({ role: "mirror", digest: digest("a"), computed: digest(letter), parent: digest("a"), position });
const WHOLE = [file, at(0), at(1)];

function asked(pin: Digest | null): Asked {
  return { url: "https://dl.example/x", pin, mirrors: MIRRORS, platform: null, osVersion: null, bottle: null };
}

/** What each of three workers has of a file with two mirrors; less than all of it is a 404, or a cut. */
function files(pin: Digest | null, views: readonly (readonly SeenObject[])[], code: "E_NOT_FOUND" | "E_CUT" | null) {
  return views.map((objects, index): Observation => {
    const lacks = objects.length < WHOLE.length && code !== null;
    return observation(NAMES[index] ?? `w${index}`, {
      asked: asked(pin),
      objects,
      digest: objects[0]?.computed ?? null,
      outcome: lacks ? (code === "E_CUT" ? "failed" : "refused") : "saw",
      error: lacks ? fault(code) : null,
    });
  });
}

const part = WHOLE.slice(0, 2);
/** A bottle whose entry alone says which version it is, and a mirror of it. */
const bottle = [
  ...tree().map((each, index) => ({
    ...each,
    annotations:
      [
        { "com.github.package.type": "homebrew_bottle" },
        { "org.opencontainers.image.ref.name": "2.8.2.big_sur", "sh.brew.bottle.digest": "d" },
      ][index] ?? {},
  })),
  object({ role: "mirror", digest: digest("a"), parent: digest("a"), position: 1 }),
];
const images = (tag: string, views: readonly (readonly SeenObject[])[]): Observation[] =>
  views.map((objects, index) => {
    const each = observation(NAMES[index] ?? "", { objects });
    return { ...each, digest: digest("a"), asked: { ...each.asked, tag } };
  });
const minds: Partial<Policy> = { onChange: "fail" };
const past: Knowledge = {
  probes: null,
  past: {
    now: "2026-01-02T00:00:00.000Z",
    entries: [],
  },
};

/** Files and images that are at other places as well. */
export const MIRRORED: Readonly<
  Record<string, readonly [observations: readonly Observation[], policy?: Partial<Policy>, knowledge?: Knowledge]>
> = {
  "a file and both of its mirrors": [files(null, [WHOLE, WHOLE, WHOLE], null), minds, past],
  "a file, and a mirror that nobody looked at": [files(null, [part, part, part], null)],
  "a file, and a mirror that was looked at twice": [files(null, Array(3).fill([file, at(0), at(0)]) as never, null)],
  "a file, and a mirror more than was asked for": [files(null, Array(3).fill([...WHOLE, at(2)]) as never, null)],
  "a file, and a mirror that one did not look at": [files(null, [WHOLE, part, WHOLE], null)],
  "a file, and a mirror without it": [files(null, [part, part, part], "E_NOT_FOUND")],
  "a file, and a mirror that was cut at one": [files(null, [WHOLE, part, WHOLE], "E_CUT")],
  "a file that is not the pin, and a mirror without it": [files(digest("7"), [part, part, part], "E_NOT_FOUND")],
  "a file that is not the pin, and a mirror that was cut at one": [files(digest("7"), [WHOLE, part, WHOLE], "E_CUT")],
  "a file that is not the pin, and a mirror that lies": [
    files(digest("7"), [WHOLE, [file, at(0), at(1, "b")], part], "E_CUT"),
  ],
  "a file that is not the pin, and one without it": [files(digest("7"), [WHOLE, WHOLE, []], "E_CUT")],
  "a file that is not the pin, and the first without it": [files(digest("7"), [[], WHOLE, WHOLE], "E_CUT")],
  "a file that is not the pin, seen by two": [files(digest("7"), [WHOLE, WHOLE], null)],
  "a bottle of its version, and a mirror": [images("2.8.2", [bottle, bottle, bottle])],
  "a bottle of another version, and a mirror": [images("2.6.2", [bottle, bottle, bottle])],
};
