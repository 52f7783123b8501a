import type { Stage } from "../errors.ts";
import type { Digest } from "../oci/digest.ts";
import type { HostKeyDoubt } from "./impostor.ts";

/** What happened, as far as the evidence tells. Nothing else is ever said. */
export const CLASSES = [
  "tag-moved",
  "split-view",
  "interception",
  "stale-replica",
  "index-republished",
  "reserialised",
  "recompressed",
  "dynamic",
  "false-content",
  "mislabelled",
  "not-content",
  "rolled-back",
  "unreachable",
  "absent",
  "unexplained",
] as const;
export type DiagnosisClass = (typeof CLASSES)[number];

export interface Diagnosis {
  readonly class: DiagnosisClass;
  /** One sentence: what was seen. */
  readonly explanation: string;
  /** One sentence: what to do. */
  readonly next: string;
  readonly confidence: "sure" | "likely" | "possible";
}

/** One thing that matters and that differs between two documents, or two layers. */
export interface Change {
  /** `config`, `layer 2`, `linux/riscv64`, `annotation org.opencontainers.image.created`, `created`, `label a.b`. */
  readonly what: string;
  /** Null where it is not there. */
  readonly left: string | null;
  readonly right: string | null;
}

/** What differs of what matters between two documents that two workers saw at one place. */
export interface Comparison {
  /** `index`, `index > manifest linux/amd64`, `index > manifest linux/amd64 > layer 2` */
  readonly at: string;
  readonly left: Digest;
  readonly right: Digest;
  /** At most 20. */
  readonly changes: readonly Change[];
  /** How many more there are. */
  readonly more: number;
}

/** Why a class was chosen, as data; the wording is in `report/`. Worker names are sorted. */
export interface Finding {
  readonly class: DiagnosisClass;
  readonly confidence: Diagnosis["confidence"];
  /** The workers that stand apart; empty where it is about all of them. */
  readonly odd: readonly string[];
  readonly because: Because;
}

export type Because =
  | { readonly kind: "absent" }
  /** `stage` null: it failed outside of any exchange. */
  | {
      readonly kind: "unreachable";
      readonly stage: Stage | null;
      readonly message: string;
      readonly hint: string | null;
    }
  /** The machine that answers did not prove the known host key. */
  | { readonly kind: "host-key"; readonly doubt: HostKeyDoubt; readonly message: string; readonly hint: string | null }
  | {
      readonly kind: "page";
      readonly status: number | null;
      readonly contentType: string | null;
      readonly head: string;
    }
  | { readonly kind: "false"; readonly everywhere: boolean }
  /** `mirrors`: their numbers, from 1, sorted. `everywhere`: no vantage was given there what the first place has. */
  | { readonly kind: "mirror"; readonly mirrors: readonly number[]; readonly everywhere: boolean }
  | { readonly kind: "types" }
  | { readonly kind: "version" }
  /** The tag led to `from`, and now to `to`: while the workers looked, or since the ledger's last agreement at `at`. */
  | { readonly kind: "moved"; readonly from: readonly Digest[]; readonly to: Digest; readonly at: string | null }
  | { readonly kind: "pin"; readonly pin: Digest; readonly to: Digest }
  | { readonly kind: "issuer"; readonly host: string; readonly odd: string; readonly others: string }
  /** `alone`: nobody else is given it by its digest. `clings`: it was given it again and again. */
  | { readonly kind: "split"; readonly digest: Digest | null; readonly alone: boolean; readonly clings: boolean }
  /** `at`: when the ledger had it; null where only the documents' own dates say that it is older. */
  | { readonly kind: "stale"; readonly digest: Digest; readonly at: string | null }
  | { readonly kind: "related" }
  | { readonly kind: "dynamic"; readonly digests: number }
  /** The URL itself says that what it leads to changes. */
  | { readonly kind: "moving" }
  /** Files of other bytes with the same OpenPGP keys in them; fingerprints in upper-case hex. */
  | { readonly kind: "same-key"; readonly fingerprints: readonly string[] }
  /** Files of other bytes that unpack to the same. `generated`: archives that GitHub makes at will. */
  | { readonly kind: "same-inside"; readonly generated: boolean }
  | { readonly kind: "indistinct" }
  | { readonly kind: "unknown" };
