import type { Evidence } from "../../model/evidence.ts";
import type { GivenDocument } from "../../model/job.ts";
import type { Fault, SeenObject } from "../../model/observation.ts";
import type { Digest } from "../../oci/digest.ts";
import type { Repository } from "../../oci/reference.ts";

/** One question to all vantages. */
export interface GateQuestion {
  readonly repository: Repository;
  /**
   * `tag` and `document`: the document alone. `below`: these configs and layers of an agreed
   * manifest, which is not asked for again where it is `given`.
   * `blob`: a blob by itself, without asking for the manifest that names it; its size in bytes where one does.
   */
  readonly wanted:
    | { readonly kind: "tag"; readonly tag: string }
    | { readonly kind: "document"; readonly digest: Digest }
    | {
        readonly kind: "below";
        readonly manifest: Digest;
        readonly blobs: readonly Digest[];
        readonly given: GivenDocument | null;
      }
    | { readonly kind: "blob"; readonly digest: Digest; readonly size?: number };
  /**
   * An agreed document of this repository names it by digest, so that `days` and `onChange` were asked of that one, and
   * only what is no agreement is entered in the ledger.
   */
  readonly isNamed: boolean;
  /** The registry may be on a private address. */
  readonly mayBePrivate: boolean;
}

export interface GateAnswer {
  readonly evidence: Evidence;
  /**
   * What is on the shelf now, each object once; null unless all agreed, the verdict was entered, and everything was
   * stored. Of Docker schema 1 it is the payload, whose type is that of an unsigned manifest.
   */
  readonly shelved: readonly SeenObject[] | null;
  /** How many requests the registry still allows the worker that has the fewest left; null if it tells nobody. */
  readonly budget: { readonly left: number; readonly worker: string } | null;
}

/** The vantages, as the gate uses them: open for as long as it runs. */
export interface GateVantages {
  /** Rejects with a Tofu3Error where the question itself cannot be asked, and with the reason of `signal`. */
  ask(question: GateQuestion, signal: AbortSignal): Promise<GateAnswer>;
  /** Whether every vantage's HEAD for the tag names this digest. Headers prove nothing: only what was agreed may be kept. */
  stillNames(
    repository: Repository,
    tag: string,
    digest: Digest,
    mayBePrivate: boolean,
    signal: AbortSignal,
  ): Promise<boolean>;
  /** The tags that every vantage lists, sorted; or the first fault in the order of the workers. */
  tags(repository: Repository, mayBePrivate: boolean, signal: AbortSignal): Promise<readonly string[] | Fault>;
  /** By worker, whether it can be reached now. */
  reach(signal: AbortSignal): Promise<ReadonlyMap<string, Fault | null>>;
  close(): Promise<void>;
}
