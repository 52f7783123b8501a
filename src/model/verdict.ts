import type { Digest } from "../oci/digest.ts";
import type { BottleMismatch } from "../oci/homebrew.ts";
import type { Fault, Role, SeenObject } from "./observation.ts";

/** Workers that saw the same thing at one place of the tree. */
export interface View {
  /** What the bytes hash to; null for bytes that did not end, and where nothing is. */
  readonly digest: Digest | null;
  readonly size: number;
  /** Empty where nothing is. */
  readonly mediaType: string;
  readonly workers: readonly string[];
}

/** One document or blob on the way from the root, told from its siblings by no more than it takes. */
export interface Step {
  /** `root`: the workers saw roots of several kinds. `stray`: what hangs at nothing that anybody saw. */
  readonly role: Role | "root" | "stray";
  /** In the list of its parent, from 0. */
  readonly position: number;
  /** Of an index or a manifest, where its entry says it. */
  readonly platform: string | null;
  /** Null where the platform tells it from its siblings. */
  readonly osVersion: string | null;
  /** Only the position tells it from its siblings. */
  readonly alike: boolean;
}

/** One place of the tree at which not all workers saw the same, or at which the bytes are not what was asked for. */
export interface Difference {
  /** From the root to the place. */
  readonly path: readonly Step[];
  /** What the bytes had to hash to; null for the root of a tag. */
  readonly expected: Digest | null;
  readonly views: readonly View[];
}

/** Workers that are one, or of which nobody knows that they are not. */
export interface Indistinct {
  readonly why: "host key" | "machine" | "unknown machine";
  /** Sorted. */
  readonly workers: readonly string[];
}

/** Why the outcome is what it is; `report/` has the words. */
export type Reason =
  /** Of `disagreed`; `differences` has it all. */
  | { readonly kind: "difference" }
  /** Of `absent`; with a root, a part of it does not exist. */
  | { readonly kind: "absence"; readonly root: Digest | null }
  /** Of `incomplete`: reports about different questions. */
  | { readonly kind: "questions" }
  /** Of `incomplete`: so many distinct workers reported. */
  | { readonly kind: "workers"; readonly distinct: number; readonly needed: number }
  /** Of `incomplete`: nobody says anything but that what was asked for makes no sense. */
  | { readonly kind: "request"; readonly fault: Fault }
  /** Of `incomplete`: these have no complete observation; sorted. */
  | { readonly kind: "gap"; readonly workers: readonly string[] }
  /** Of `changed`. */
  | { readonly kind: "pin"; readonly root: Digest; readonly pin: Digest }
  /** Of `changed`: a bottle index is not about the version that its tag names. */
  | { readonly kind: "version"; readonly root: Digest; readonly mismatch: BottleMismatch }
  | { readonly kind: "indistinct"; readonly root: Digest; readonly indistinct: readonly Indistinct[] };

declare const mint: unique symbol;

/** All that the workers agree on. */
export interface Agreement {
  readonly outcome: "agreed";
  /** `3/3`: the largest group of workers that saw the same root and nothing false, of those that reported. */
  readonly quorum: string;
  readonly root: SeenObject;
  /** Every object, each once at each place, the root first. */
  readonly objects: readonly SeenObject[];
  readonly differences: readonly [];
  readonly reason: null;
}

/** Only consensus/judge.ts mints one, and release() takes nothing else. */
export interface Agreed extends Agreement {
  readonly [mint]: true;
}

export interface NotAgreed {
  readonly outcome: "disagreed" | "incomplete" | "absent" | "changed" | "moved" | "indistinct" | "pending";
  readonly quorum: string;
  readonly differences: readonly Difference[];
  readonly reason: Reason;
}

export type Verdict = Agreed | NotAgreed;
export type Outcome = Verdict["outcome"];
