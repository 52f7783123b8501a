import type { Tofu3Error } from "../errors.ts";
import type { Algorithm, Digest } from "../oci/digest.ts";
import type { CertificateNote, Receipt } from "../model/observation.ts";
import type { Trust } from "../model/trust.ts";
import type { Secret } from "../secret.ts";

/**
 * One HTTP GET, a HEAD, or a POST if there is a form. The transport adds `Accept-Encoding: identity`, and no header that could
 * carry a secret.
 */
export interface Query {
  /** Absolute http: or https: URL, without userinfo and fragment; printable ASCII. */
  readonly url: string;
  readonly headers: readonly (readonly [name: string, value: string | Secret])[];
  /**
   * Asks for the headers alone: the answer has no body, whatever they say of its length, and whatever a server sends
   * all the same. Only for `read`.
   */
  readonly method?: "HEAD";
  /** Body of a POST, with its Content-Type in `headers`. Only for identity tokens, and only for `read`. */
  readonly form?: Secret;
  /** One more body byte than this ends the exchange with E_TOO_LARGE. */
  readonly maxBytes: number;
  /** Refuse (E_ADDRESS) a name that resolves to a loopback, private, link-local or unspecified address. */
  readonly publicOnly: boolean;
  readonly trust: Trust | null;
}

export interface ContentQuery extends Query {
  readonly algorithm: Algorithm;
  /** The descriptor's size; decides whether a VM streams the content or fetches it in a batch. */
  readonly expectedBytes: number | null;
  /** File that receives the body (created or truncated); only ever set for a transport on this machine. */
  readonly keep: string | null;
  /** Called with the number of body bytes since the last call. */
  readonly onBytes: (bytes: number) => void;
}

export type SeenCertificate = Omit<CertificateNote, "host">;

/** Status and headers of one answer, checked by `strict.ts`: identity encoding, length by Content-Length or chunked. */
export interface Answer {
  readonly status: number;
  /** Names in lower case, in order of arrival, repetitions included. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** IP address of the server; null behind a proxy. */
  readonly address: string | null;
  /** Of its status line: `1.1`; null if the transport cannot tell. */
  readonly httpVersion: string | null;
  /** What the server presented; null without TLS, and where the transport has not been told, or told already. */
  readonly certificate: SeenCertificate | null;
}

export interface Page extends Answer {
  readonly body: Uint8Array;
}

export interface Content extends Answer {
  /** Body bytes hashed, including those of earlier parts. */
  readonly size: number;
  /** Digest of those bytes; null if the body is cut or longer than `maxBytes`. */
  readonly digest: Digest | null;
  /** Why the body ended early (E_CUT, E_TIMEOUT, E_TOO_LARGE, …); null if it is complete. */
  readonly cut: Tofu3Error | null;
  /** The start of the body: at most 4 KiB of an error answer, 100 bytes of content. Empty where nobody can tell. */
  readonly head: Uint8Array;
  /**
   * After a cut, fetches another part and appends it to the same hash (and file). The caller checks that the answer is
   * the part it asked for, and discards everything if not. Null if the transport must start over.
   */
  readonly more: ((query: Query, signal: AbortSignal) => Promise<Content>) | null;
  /** Releases what `more` would continue; call it when `more` is not called. */
  readonly discard?: () => void;
}

/** What a transport knows of the machine it runs on. */
export interface VantageIdentity {
  readonly tools: readonly string[];
  /** `SHA256:…` of the host key that the VM proved; null for the local machine. */
  readonly hostKey: string | null;
  /** sha256 of the machine's identity, hex, or of its boot where it has none; null where neither is known. */
  readonly machine: string | null;
  /** sha256 of the running kernel's boot id, hex; null if unknown. */
  readonly boot: string | null;
  /** The VM's clock minus this machine's, in milliseconds; the VM tells whole seconds. Null for the local machine. */
  readonly clockOffsetMs: number | null;
}

/**
 * HTTP exchanges of one job from one vantage. No redirects, credentials or retries: those are in worker/. Concurrent
 * calls may share a connection, a process or a round trip. Rejects with a Tofu3Error that has a stage, or with the
 * signal's reason.
 */
export interface Transport {
  /** Connects if necessary; safe to call again. */
  open(signal: AbortSignal): Promise<VantageIdentity>;
  /** Reads a small document whole. */
  read(query: Query, signal: AbortSignal): Promise<Page>;
  /** Hashes content where it arrives; keeps it only if `keep` is set. */
  measure(query: ContentQuery, signal: AbortSignal): Promise<Content>;
  /**
   * Ends what the job left running. Rejects if its answers must not count after all (a remote shell did not end
   * cleanly). Idempotent.
   */
  end(): Promise<void>;
  /** What the vantage signed of this job by the time that it ended; missing where none can. */
  readonly receipts?: () => readonly Receipt[];
}

/** The resources of one vantage. It outlives jobs and serves any number of them, one after another or concurrently. */
export interface Link {
  /** Connects before the first job, where that takes time. A failure surfaces in the job that needs the connection. */
  readonly warm?: (signal: AbortSignal) => Promise<void>;
  /**
   * Starts a job for this registry, `host` or `host:port`; does not connect. A vantage with a key of its own signs what
   * it sees, and at the head of that this `question`: one line of printable ASCII.
   */
  begin(registry: string, question?: string | null): Transport;
  /** Leaves nothing behind. Call it when all jobs have ended; stops whatever still runs. Idempotent. */
  close(): Promise<void>;
}
