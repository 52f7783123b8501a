import type { Depth } from "../../model/audit.ts";
import type { AnyWanted } from "../../model/wanted.ts";

export interface AuditRequest {
  readonly wanted: readonly AnyWanted[];
  readonly depth: Depth;
  readonly allowPrivate: boolean;
  /** On how many days the workers must agree; null: as many as the policy says. */
  readonly days: number | null;
  /** Forget what an interrupted run has found out. */
  readonly fresh: boolean;
}

/** How an audit gets on. */
export type AuditProgress =
  /** Verdicts that an interrupted run has reached, and since when. */
  | { readonly kind: "resumed"; readonly answers: number; readonly since: string }
  | { readonly kind: "done"; readonly done: number; readonly of: number }
  /** A registry wants patience. */
  | { readonly kind: "slowed"; readonly registry: string; readonly why: string }
  /** Nothing more is asked there; null: anywhere. */
  | { readonly kind: "closed"; readonly registry: string | null; readonly why: string }
  /** What the user should know of the ledger. */
  | { readonly kind: "warned"; readonly text: string };
