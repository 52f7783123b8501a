import type { Digest } from "../oci/digest.ts";
import type { BottleMismatch } from "../oci/homebrew.ts";
import type { History } from "./history.ts";
import type { Fault, Role, SeenObject } from "./observation.ts";
import type { Distinct } from "./policy.ts";

/** Workers that saw the same thing at one place in the tree. */
export interface View {
  /** The hash of the bytes; null for bytes that ran past the declared size, and where there is nothing. */
  readonly digest: Digest | null;
  readonly size: number;
  /** Empty where there is nothing. */
  readonly mediaType: string;
  readonly workers: readonly string[];
}

/** One document or blob on the path from the root, with just enough detail to tell it from its siblings. */
export interface Step {
  /** `root`: the workers saw roots of several kinds. `stray`: the object's parent is one that no worker saw. */
  readonly role: Role | "root" | "stray";
  /** Position in its parent's list, from 0. */
  readonly position: number;
  /** For an index or a manifest, where the index entry has it. */
  readonly platform: string | null;
  /** Null where the platform alone tells it from its siblings. */
  readonly osVersion: string | null;
  /** Only the position tells it from its siblings. */
  readonly alike: boolean;
}

/** One place in the tree where the workers did not all see the same, or where bytes do not match what was requested. */
export interface Difference {
  /** From the root to the place. */
  readonly path: readonly Step[];
  /** The digest that the bytes should have; null for the root of a tag. */
  readonly expected: Digest | null;
  readonly views: readonly View[];
}

/** Workers that are the same in what the policy wants to differ, or cannot be shown to differ. */
export interface Indistinct {
  readonly why: "host key" | Distinct | `unknown ${Distinct}`;
  /** Sorted. */
  readonly workers: readonly string[];
  /** What they have in common, for `asn` and `country`: `AS3320`, `DE`. */
  readonly value?: string;
}

/** The reason for the outcome; the wording is in `report/`. */
export type Reason =
  /** For `disagreed`; the details are in `differences`. */
  | { readonly kind: "difference" }
  /** For `absent`; with a root, some part of it does not exist. */
  | { readonly kind: "absence"; readonly root: Digest | null }
  /** For `incomplete`: the observations answer different questions. */
  | { readonly kind: "questions" }
  /** For `incomplete`: the number of distinct workers that reported. */
  | { readonly kind: "workers"; readonly distinct: number; readonly needed: number }
  /** For `incomplete`: every worker says only that the request itself cannot be met. */
  | { readonly kind: "request"; readonly fault: Fault }
  /** For `incomplete`: the workers without a complete observation, sorted. */
  | { readonly kind: "gap"; readonly workers: readonly string[] }
  /** For `changed`. */
  | { readonly kind: "pin"; readonly root: Digest; readonly pin: Digest }
  /** For `changed`: a bottle index holds another version than its tag says. */
  | { readonly kind: "version"; readonly root: Digest; readonly mismatch: BottleMismatch }
  /** For `changed`: the ledger's last agreement is another one. */
  | { readonly kind: "ledger"; readonly root: Digest; readonly history: History }
  | { readonly kind: "indistinct"; readonly root: Digest; readonly indistinct: readonly Indistinct[] }
  /** For `pending`. */
  | { readonly kind: "days"; readonly root: Digest; readonly have: number; readonly needed: number }
  /** For `moved`: what the tag led to while the workers looked, and what it leads to now. */
  | { readonly kind: "moved"; readonly from: readonly Digest[]; readonly to: Digest };

declare const mint: unique symbol;

/** Everything that the workers agree on. */
export interface Agreement {
  readonly outcome: "agreed";
  /** `3/3`: size of the largest group of workers that saw the same root and nothing false, out of all that reported. */
  readonly quorum: string;
  readonly root: SeenObject;
  /** Every object, once per place, the root first. */
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
