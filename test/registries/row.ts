import type { VerifyOptions } from "../../src/api.ts";
import type { Evidence } from "../../src/model/evidence.ts";
import { makeImage } from "../lab/image.ts";
import type { Liar, LiarRequest } from "../lab/liar.ts";

/** One behaviour of one registry, as it was recorded or as its documentation has it. */
export interface Row {
  readonly registry: string;
  /** A sentence with the registry in front. */
  readonly does: string;
  readonly reference: string;
  readonly options?: VerifyOptions;
  readonly serve: (liar: Liar) => void;
  readonly outcome: Evidence["outcome"];
  readonly says?: RegExp;
  readonly check?: (evidence: Evidence, requests: readonly LiarRequest[]) => void;
}

/** What most of them serve. */
export const image = makeImage({ layers: [3000, 500] });
export const docker = makeImage({ layers: [2000], docker: true });

export function headersOf(evidence: Evidence): readonly (readonly string[])[] {
  return evidence.observations.map((observation) => observation.evidence.headers);
}
