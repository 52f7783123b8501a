import type { Digest } from "../oci/digest.ts";
import type { SeenObject } from "./observation.ts";

/** Workers that saw the same thing at one place of the tree. */
export interface View {
  readonly digest: Digest | null;
  readonly size: number;
  readonly mediaType: string;
  readonly workers: readonly string[];
}

/** One place of the tree at which not all workers saw the same, or at which the bytes are not what was asked for. */
export interface Difference {
  /** `index > manifest linux/amd64 > layer 3` */
  readonly at: string;
  /** What the bytes had to hash to; null for the root of a tag. */
  readonly expected: Digest | null;
  readonly views: readonly View[];
}

declare const mint: unique symbol;

/** Only consensus/judge.ts mints one, and release() takes nothing else. */
export interface Agreed {
  readonly outcome: "agreed";
  readonly quorum: string;
  readonly summary: string;
  readonly root: SeenObject;
  /** Every object, each once at each place, the root first. */
  readonly objects: readonly SeenObject[];
  readonly differences: readonly [];
  readonly [mint]: true;
}

export interface NotAgreed {
  readonly outcome: "disagreed" | "incomplete" | "absent" | "changed" | "moved" | "indistinct" | "pending";
  readonly quorum: string;
  /** One sentence. */
  readonly summary: string;
  readonly differences: readonly Difference[];
}

export type Verdict = Agreed | NotAgreed;
export type Outcome = Verdict["outcome"];
