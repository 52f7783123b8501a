import type { FileHandle } from "node:fs/promises";
import type { Evidence } from "../../model/evidence.ts";
import type { Hold, Stored, StoredTag } from "../../model/gate.ts";
import type { Digest } from "../../oci/digest.ts";
import type { Repository } from "../../oci/reference.ts";
import type { Shelf } from "../../release/shelve.ts";

/** A stored object, open for reading: its file stays, whatever is evicted meanwhile. */
export interface Reading {
  readonly object: Stored;
  readonly handle: FileHandle;
  /** Idempotent. */
  close(): Promise<void>;
}

/**
 * What all vantages agreed on, on one file system: blobs by digest, and for each repository which of them it may give
 * out, what its tags led to, and what is on hold. Only this process writes it; a person may remove a hold.
 */
export interface Store {
  /** Absolute; quarantines are made in it. */
  readonly folder: string;
  readonly shelf: Shelf;
  /** What the repository may give out; null where it has no such object. Does not touch its bytes. */
  find(repository: Repository, digest: Digest): Promise<Stored | null>;
  /**
   * Opens it. At its first reading since the start, and whenever its file was touched, its bytes are hashed first. Null
   * if it is not there, or is not what it was: then the object is gone, and a warning is told.
   */
  open(repository: Repository, digest: Digest, signal: AbortSignal): Promise<Reading | null>;
  /** The bytes of a small object, whole; null as for `open`. Documents that are asked for often stay in memory. */
  read(repository: Repository, digest: Digest, signal: AbortSignal): Promise<Uint8Array | null>;
  /** From now on the repository may give it out. Its file is on the shelf. */
  admit(repository: Repository, object: Stored): Promise<void>;
  /** The objects of a repository that are documents. */
  documents(repository: Repository): Promise<readonly Stored[]>;
  tag(repository: Repository, tag: string): Promise<StoredTag | null>;
  setTag(repository: Repository, tag: string, record: StoredTag): Promise<void>;
  /** `name` is a tag or a digest. A hold that a person removed is gone. */
  hold(repository: Repository, name: string): Promise<Hold | null>;
  setHold(repository: Repository, name: string, hold: Hold): Promise<void>;
  clearHold(repository: Repository, name: string): Promise<void>;
  holds(): Promise<readonly { readonly repository: Repository; readonly name: string; readonly hold: Hold }[]>;
  /** Returns its id. Only the last ones are kept. */
  keepVerdict(evidence: Evidence): Promise<string>;
  verdict(id: string): Promise<Evidence | null>;
  /** The newest first. */
  verdicts(most: number): Promise<readonly { readonly id: string; readonly evidence: Evidence }[]>;
  /** Keeps what a flight is about to need from eviction; call the result when it has landed. */
  protect(digests: readonly Digest[]): () => void;
  /** Evicts by least use until so many bytes fit under `maxBytes` and above the free-space floor; false if they cannot. */
  makeRoom(bytes: number): Promise<boolean>;
  readonly bytes: number;
  /** Gives the store free for another process. */
  close(): Promise<void>;
}
