import type { ErrorCode, Stage } from "../errors.ts";
import type { Digest } from "../oci/digest.ts";
import type { SelectionText } from "./job.ts";
import type { Subject } from "./subject.ts";

/** What one worker was asked; observations of different questions are never compared. */
export type Asked = Subject & SelectionText;

export type Via = "local" | "ssh";
/** `file`: what a URL leads to. `mirror`: what another place has for the root; its parent is the root. */
export type Role = "index" | "manifest" | "config" | "layer" | "blob" | "file" | "mirror";

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
  /** What there is to choose from; absent where nothing was to be chosen. */
  readonly choices?: readonly string[];
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

/** The certificate that one server presented to one vantage, in its first handshake of the job. */
export interface CertificateNote {
  /** `host` or `host:port` of the URL; behind an intercepting proxy still that. */
  readonly host: string;
  /** `TLSv1.3`; null where the VM's curl does not say. */
  readonly version: string | null;
  /** Distinguished names on one line, printable. */
  readonly subject: string;
  readonly issuer: string;
  /** ISO 8601 UTC. */
  readonly validFrom: string;
  readonly validTo: string;
  /** sha256 of the DER SubjectPublicKeyInfo, hex. RFC 5280 §4.1.2.7 */
  readonly spki: string;
}

/** An answer that is not what was asked for: an error page, HTML under a digest. */
export interface UnexpectedNote {
  readonly url: string;
  readonly status: number;
  readonly contentType: string | null;
  /** The first bytes of the body, at most 100, printable. */
  readonly head: string;
}

/** Where the vantage's traffic leaves for the world, asked before and after the job through the proxy of the job. */
export interface ExitNote {
  /** Every IP address that was named, sorted; with `--redact` a salted hash of each. Empty if none was. */
  readonly addresses: readonly string[];
  /** Who said so: the host of a registry or of an echo service, sorted. */
  readonly sources: readonly string[];
  /** ISO 3166-1 alpha-2; null if unknown, as is `asn`. */
  readonly country: string | null;
  /** `AS3320` */
  readonly asn: string | null;
  /** Why it counts as unknown, in words: nobody told it, the sources contradict each other, it changed meanwhile. */
  readonly doubt: string | null;
}

/** What a VM signed of what one of its shells did: docs/protocol.md, "Receipts". */
export interface Receipt {
  /** Printable ASCII and LF. */
  readonly text: string;
  /** An armored SSH signature of the text. PROTOCOL.sshsig */
  readonly signature: string;
}

/** Notes taken on the way; advisory but for the identities. URLs carry no userinfo and no query. */
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
  /**
   * Rate-limit and `Warning` headers of every answer, and date, validators and cache headers of the root's, as `name:
   * value`, sorted.
   */
  readonly headers: readonly string[];
  /** Sorted by host. */
  readonly certificates: readonly CertificateNote[];
  /** Of the root's answer: `1.1`. */
  readonly httpVersion: string | null;
  /** The first of them; null if every answer was as expected. */
  readonly unexpected: UnexpectedNote | null;
  /** The VM's clock minus this machine's, in milliseconds; the VM tells whole seconds. Null for the local machine. */
  readonly clockOffsetMs: number | null;
  /** Null unless the policy asks for it. */
  readonly exit: ExitNote | null;
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
  /** Absent where the VM signed nothing. */
  readonly receipts?: readonly Receipt[];
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
