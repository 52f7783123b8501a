import type { ErrorCode, Stage } from "../errors.ts";
import type { Digest } from "../oci/digest.ts";
import type { SelectionText } from "./job.ts";
import type { Subject } from "./subject.ts";

/** What one worker was asked; observations of different questions are never compared. */
export type Asked = Subject & SelectionText;

export type Via = "local" | "ssh";
export type Role = "index" | "manifest" | "config" | "layer" | "blob";

/** One object as one worker saw it. */
export interface SeenObject {
  readonly role: Role;
  /** The digest it was requested by; for the root of a tag, the computed one. */
  readonly digest: Digest;
  /** The hash of the bytes; null when they ran past the declared size. */
  readonly computed: Digest | null;
  /** Bytes received; for Docker schema 1 those of the payload, which is what the digest covers. */
  readonly size: number;
  /** Size in the descriptor, in bytes; null for a root, or where the parent does not give one. */
  readonly declaredSize: number | null;
  /** For the root, the Content-Type without parameters; below it, the descriptor's mediaType. */
  readonly mediaType: string;
  /** Digest of the index or manifest that lists it; null for the root. */
  readonly parent: Digest | null;
  /** Position in its parent's list, from 0; 0 for the root and for a config. */
  readonly position: number;
  /** `os/architecture[/variant]`, inherited from the index entry; null if unknown. */
  readonly platform: string | null;
  readonly osVersion: string | null;
  readonly annotations: Readonly<Record<string, string>>;
  /**
   * Only for the root of `name:tag@digest`: its hash by that digest's algorithm; absent where `computed` has it
   * already.
   */
  readonly pinned?: Digest;
  /**
   * Only for the root: neither header nor document gave a media type, so `mediaType` is a guess from its shape. Absent
   * otherwise.
   */
  readonly guessed?: boolean;
}

/** Why a worker has no complete observation; printable, without secrets. */
export interface Fault {
  readonly code: ErrorCode;
  readonly stage: Stage | null;
  readonly message: string;
  readonly hint: string | null;
}

export interface RetryNote {
  readonly url: string;
  readonly attempt: number;
  readonly code: ErrorCode;
  readonly message: string;
  readonly waitedMs: number;
  /** Offset from which a Range request resumed the body; null when it was fetched from the start. */
  readonly resumedAt: number | null;
}

export interface RedirectNote {
  readonly from: string;
  readonly to: string;
  readonly status: number;
}

/** Notes taken on the way; advisory, never part of the verdict. URLs carry no userinfo and no query. */
export interface Notes {
  readonly exchanges: number;
  /** Body bytes received, including those of error responses and of repeated parts. */
  readonly bytes: number;
  readonly retries: readonly RetryNote[];
  readonly redirects: readonly RedirectNote[];
  /** Addresses that answered, sorted. */
  readonly addresses: readonly string[];
  /** `Docker-Content-Digest` of the root: recorded, compared, never believed. */
  readonly claimedDigest: string | null;
  /** Rate-limit and `Warning` headers as `name: value`, sorted. */
  readonly headers: readonly string[];
  /** Names and versions of the tools used: `undici 7.30.2, node:crypto`, `curl 7.88.1, openssl`. */
  readonly tools: readonly string[];
  /**
   * `SHA256:…` of the host key that the VM proved in this session; null for the local machine, and for a VM that was
   * not reached.
   */
  readonly hostKey: string | null;
  /** Hash of the machine's identity, or of its boot where it has none; null where neither is known. */
  readonly machine: string | null;
  /** Hash of the boot id of its running kernel; null if unknown. */
  readonly boot: string | null;
}

/**
 * What one worker reports. `saw`: it has bytes (with `error` null: every object of the job). `refused`: the registry
 * answered and would not serve it. `failed`: there was no valid answer. In every case `digest` and `objects` hold what
 * the worker had seen by then.
 */
export interface Observation {
  readonly worker: string;
  readonly via: Via;
  readonly asked: Asked;
  readonly outcome: "saw" | "refused" | "failed";
  readonly startedAt: string;
  readonly finishedAt: string;
  /** The hash of the root's bytes. */
  readonly digest: Digest | null;
  readonly objects: readonly SeenObject[];
  readonly evidence: Notes;
  readonly error: Fault | null;
}

/** The object that nothing names; undefined where the worker did not come so far. */
export function rootOf(objects: readonly SeenObject[]): SeenObject | undefined {
  return objects.find((each) => each.parent === null);
}
