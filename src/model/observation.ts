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
  /** What it was asked for by; for the root of a tag, what was computed. */
  readonly digest: Digest;
  /** What the bytes hash to; null when they did not end within the size that was declared. */
  readonly computed: Digest | null;
  /** Bytes that arrived; of Docker schema 1 those of the payload, which is what the digest is of. */
  readonly size: number;
  /** Bytes that the descriptor declares; null for a root or where the parent does not say. */
  readonly declaredSize: number | null;
  /** Of the root: the Content-Type without parameters; below it: the mediaType of the descriptor. */
  readonly mediaType: string;
  /** Digest of the index or manifest that names it; null for the root. */
  readonly parent: Digest | null;
  /** Place in its parent's list, from 0; 0 for the root and a config. */
  readonly position: number;
  /** `os/architecture[/variant]`, inherited from the entry of the index; null where nothing says it. */
  readonly platform: string | null;
  readonly osVersion: string | null;
  readonly annotations: Readonly<Record<string, string>>;
  /** Of the root of `name:tag@digest`: what its bytes hash to by the algorithm of that digest; absent where `computed` says it. */
  readonly pinned?: Digest;
  /** Of the root: nobody said its media type, which is what it looks like. Absent where somebody did. */
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
  /** Offset from which the body was resumed by Range; null when it was fetched from the start. */
  readonly resumedAt: number | null;
}

export interface RedirectNote {
  readonly from: string;
  readonly to: string;
  readonly status: number;
}

/** What was noted on the way; advisory, never part of the judgement. URLs carry no userinfo and no query. */
export interface Notes {
  readonly exchanges: number;
  /** Body bytes received, errors and repeated parts included. */
  readonly bytes: number;
  readonly retries: readonly RetryNote[];
  readonly redirects: readonly RedirectNote[];
  /** Addresses that answered, sorted. */
  readonly addresses: readonly string[];
  /** `Docker-Content-Digest` of the root: recorded, compared, never believed. */
  readonly claimedDigest: string | null;
  /** Rate-limit and `Warning` headers as `name: value`, sorted. */
  readonly headers: readonly string[];
  /** What looked: `undici 7.30.2, node:crypto`, `curl 7.88.1, openssl`. */
  readonly tools: readonly string[];
  /** `SHA256:…` of the host key that the VM proved to have in the session that looked; null for this machine, or before it was reached. */
  readonly hostKey: string | null;
  /** Hash of the machine's identity, of its boot where it has no other; null where neither is known. */
  readonly machine: string | null;
  /** Hash of the identity of its running kernel; null where it is not known. */
  readonly boot: string | null;
}

/**
 * What one worker reports. `saw`: it has bytes (with `error` null: every object of the job). `refused`: the registry answered and would
 * not serve it. `failed`: there was no valid answer. `digest` and `objects` hold what was seen until then in every case.
 */
export interface Observation {
  readonly worker: string;
  readonly via: Via;
  readonly asked: Asked;
  readonly outcome: "saw" | "refused" | "failed";
  readonly startedAt: string;
  readonly finishedAt: string;
  /** What the bytes of the root hash to. */
  readonly digest: Digest | null;
  readonly objects: readonly SeenObject[];
  readonly evidence: Notes;
  readonly error: Fault | null;
}

/** The object that nothing names; undefined where the worker did not come so far. */
export function rootOf(objects: readonly SeenObject[]): SeenObject | undefined {
  return objects.find((each) => each.parent === null);
}
