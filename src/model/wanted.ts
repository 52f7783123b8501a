import type { Reference } from "../oci/reference.ts";
import type { BottlePin } from "./mention.ts";

/** One distinct reference that an audit asks for. */
export interface Wanted {
  /** `formatReference` of the reference. */
  readonly key: string;
  readonly reference: Reference;
  /** The tag to ask for; null for a digest alone, and for bottles whose index is not known. */
  readonly tag: string | null;
  /** Tags that only comments name, sorted. */
  readonly claims: readonly string[];
  readonly bottles: readonly BottlePin[];
}
