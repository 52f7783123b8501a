import type { Tofu3Error } from "../errors.ts";
import type { Algorithm, Digest } from "../oci/digest.ts";
import type { Trust } from "../model/trust.ts";
import type { Secret } from "../secret.ts";

/** One HTTP GET, or a POST where there is a form. The transport adds `Accept-Encoding: identity` and nothing that could carry a secret. */
export interface Query {
  /** Absolute http: or https:, without userinfo and fragment; printable ASCII. */
  readonly url: string;
  readonly headers: readonly (readonly [name: string, value: string | Secret])[];
  /** Body of a POST; the Content-Type of it stands in `headers`. Used for identity tokens only (`read`), absent for a GET. */
  readonly form?: Secret;
  /** One more byte of body than this ends the exchange with E_TOO_LARGE. */
  readonly maxBytes: number;
  /** Refuse (E_ADDRESS) when the name leads to a loopback, private, link-local or unspecified address. */
  readonly publicOnly: boolean;
  readonly trust: Trust | null;
}

export interface ContentQuery extends Query {
  readonly algorithm: Algorithm;
  /** What the descriptor declares; decides whether a VM streams it or fetches it in a batch. */
  readonly expectedBytes: number | null;
  /** File that the body goes to (created or emptied); only a transport on this machine is ever given one. */
  readonly keep: string | null;
  /** Called with the number of body bytes since the last call. */
  readonly onBytes: (bytes: number) => void;
}

/** Status line and headers of one answer, checked by `strict.ts`: identity encoding, length by Content-Length or chunked. */
export interface Answer {
  readonly status: number;
  /** Names in lower case, in order of arrival, repeated ones repeated. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** IP address that answered; null behind a proxy. */
  readonly address: string | null;
}

export interface Page extends Answer {
  readonly body: Uint8Array;
}

export interface Content extends Answer {
  /** Bytes of the body that were hashed, those of earlier parts included. */
  readonly size: number;
  /** What they hash to; null when the body is cut or longer than `maxBytes`. */
  readonly digest: Digest | null;
  /** Why the body ended early (E_CUT, E_TIMEOUT, E_TOO_LARGE, …); null when it is complete. */
  readonly cut: Tofu3Error | null;
  /** Of an error answer, at most 4 KiB of its body; may be empty. */
  readonly head: Uint8Array;
  /**
   * After a cut: fetches another part whose bytes are appended to the same hash (and the same file). The caller checks that the answer was
   * the part it asked for, and throws the whole away if not. Null where the transport has to start again.
   */
  readonly more: ((query: Query, signal: AbortSignal) => Promise<Content>) | null;
  /** Lets go of what `more` would continue; to be called when it is not. */
  readonly discard?: () => void;
}

/** What the transport is made of. */
export interface Identity {
  readonly tools: readonly string[];
  /** `SHA256:…` of the host key that was proved; null where there is none. */
  readonly hostKey: string | null;
  /** sha256 of the machine's identity, hex, of its boot where it has no other; null where neither is known. */
  readonly machine: string | null;
  /** sha256 of the identity of the running kernel, hex; null where it is not known. */
  readonly boot: string | null;
}

/**
 * HTTP exchanges of one job from one vantage. No redirects, no credentials, no retries: those are in worker/. Calls that are under way together may
 * share a connection, a process or a round trip. Rejects with a Tofu3Error that has a stage, or with the signal's reason.
 */
export interface Transport {
  /** Connects where that is needed; safe to call again. */
  open(signal: AbortSignal): Promise<Identity>;
  /** A small document, whole. */
  read(query: Query, signal: AbortSignal): Promise<Page>;
  /** Content, hashed where it lands and kept only where `keep` says so. */
  measure(query: ContentQuery, signal: AbortSignal): Promise<Content>;
  /**
   * Ends what the job left running. Rejects when what was answered must not count after all (a remote shell did not end cleanly). Idempotent.
   */
  end(): Promise<void>;
}

/** What a vantage has: it outlives jobs, and any number of them use it one after the other and at the same time. */
export interface Link {
  /** Connects before the first job does, where that takes time. What became of it is told to the job that needs it. */
  readonly warm?: (signal: AbortSignal) => Promise<void>;
  /** For a job that asks this registry, `host` or `host:port`; connects to nothing. */
  begin(registry: string): Transport;
  /** Leaves nothing behind. The jobs have ended; what still runs is stopped. Idempotent. */
  close(): Promise<void>;
}
