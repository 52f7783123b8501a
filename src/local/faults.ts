import { messageOf, Tofu3Error, visible, type ErrorCode } from "../errors.ts";
import { tlsTrouble, type TlsTrouble } from "../http/tlswords.ts";
import { HandshakeError } from "./dial.ts";
import { HTTPParserError } from "./undici.ts";

/** The `code` of an error from Node or undici; null if it has none. */
export function codeOf(thrown: unknown): string | null {
  if (typeof thrown !== "object" || thrown === null || !("code" in thrown)) return null;
  return typeof thrown.code === "string" ? thrown.code : null;
}

/** E_DNS. */
export function nameFault(host: string, thrown: unknown): Tofu3Error {
  const unknown = ["ENOTFOUND", "ENODATA"].includes(codeOf(thrown) ?? "");
  const why = unknown
    ? "there is no such name"
    : `the resolver of this machine failed (${codeOf(thrown) ?? messageOf(thrown)})`;
  return new Tofu3Error("E_DNS", `cannot resolve "${visible(host, 200)}": ${why}`, {
    stage: "dns",
    hint: unknown ? "check the spelling of the registry" : "check the network of this machine and its resolver",
    cause: thrown,
  });
}

const DIAL_REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connection refused",
  ECONNRESET: "connection reset",
  EHOSTUNREACH: "no route to the host",
  ENETUNREACH: "network unreachable",
  EADDRNOTAVAIL: "no address of this machine can reach it",
  ETIMEDOUT: "no answer",
  EACCES: "not permitted",
};

/** Why a TCP connection failed, in words. */
export function dialReason(thrown: unknown): string {
  const faults: readonly unknown[] = thrown instanceof AggregateError ? thrown.errors : [thrown];
  return [
    ...new Set(
      faults.map((fault) => DIAL_REASONS[codeOf(fault) ?? ""] ?? codeOf(fault) ?? visible(messageOf(fault), 200)),
    ),
  ].join(", ");
}

/** E_CONNECT; `where` is host and port. */
export function dialFault(where: string, thrown: unknown): Tofu3Error {
  const hint = "check that the registry is up and that no firewall is in between";
  return new Tofu3Error("E_CONNECT", `cannot connect to ${visible(where, 200)}: ${dialReason(thrown)}`, {
    stage: "connect",
    hint,
    cause: thrown,
  });
}

/** What Node says of a certificate or of a handshake. */
const TLS_TROUBLES: Readonly<Record<string, TlsTrouble>> = {
  CERT_HAS_EXPIRED: "expired",
  CERT_NOT_YET_VALID: "early",
  ERR_TLS_CERT_ALTNAME_INVALID: "name",
  CERT_REVOKED: "revoked",
  DEPTH_ZERO_SELF_SIGNED_CERT: "self-signed",
  SELF_SIGNED_CERT_IN_CHAIN: "authority",
  UNABLE_TO_GET_ISSUER_CERT: "authority",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "authority",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "authority",
  ERR_SSL_WRONG_VERSION_NUMBER: "plain",
  ERR_SSL_PACKET_LENGTH_TOO_LONG: "plain",
  ERR_SSL_HTTP_REQUEST: "plain",
  ERR_SSL_UNSUPPORTED_PROTOCOL: "old",
  ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION: "old",
};

/** How else the peer ends a handshake, and what to do about it. */
const PEER_REASONS: Readonly<Record<string, readonly [reason: string, hint: string]>> = {
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: [
    "asks for a client certificate",
    "give the client certificate of this registry in the configuration",
  ],
  ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE: [
    "refuses the TLS handshake",
    "it may ask for a client certificate, or have no cipher in common",
  ],
  ECONNRESET: [
    "closed the connection during the TLS handshake",
    "something between here and the registry may cut TLS connections",
  ],
};

/** E_TLS; `where` is the name, with its port if it is not 443, that the certificate should be for. */
export function tlsFault(where: string, thrown: unknown, ownAuthority = false): Tofu3Error {
  const { presented, cause } = thrown instanceof HandshakeError ? thrown : { presented: null, cause: thrown };
  const name = visible(where, 200);
  const code = codeOf(cause) ?? "";
  const trouble = TLS_TROUBLES[code];
  if (trouble !== undefined) return tlsTrouble(trouble, { where, presented, ownAuthority }, cause);
  const peer = PEER_REASONS[code];
  if (peer !== undefined)
    return new Tofu3Error("E_TLS", `"${name}" ${peer[0]}`, { stage: "tls", hint: peer[1], cause });
  return new Tofu3Error(
    "E_TLS",
    `no TLS connection with "${name}": ${visible(`${messageOf(cause)} ${code}`.trim(), 300)}`,
    {
      stage: "tls",
      hint: "compare the certificate with what another machine sees, and check this machine's clock",
      cause,
    },
  );
}

/** Why an exchange on an open connection failed. `answered`: the headers had arrived, so the body ended early. */
export function exchangeFault(host: string, thrown: unknown, answered: boolean): Tofu3Error {
  if (thrown instanceof Tofu3Error) return thrown;
  const code = codeOf(thrown) ?? "";
  const fault = (as: ErrorCode, what: string, cause: unknown = thrown): Tofu3Error =>
    new Tofu3Error(as, `${visible(host, 200)}: ${what}`, { stage: answered ? "body" : "http", cause });
  if (thrown instanceof HTTPParserError) return syntaxFault(thrown, answered, fault);
  if (code.startsWith("ERR_SSL_") && !answered) return tlsFault(host, thrown);
  if (code === "UND_ERR_HEADERS_OVERFLOW") return fault("E_FRAMING", "more than 16 KiB of headers");
  if (code === "UND_ERR_RES_CONTENT_LENGTH_MISMATCH") {
    // undici reports any fault in the headers with this code
    return answered ? fault("E_CUT", whereCut(answered)) : fault("E_FRAMING", "the answer is not clean HTTP/1.1");
  }
  if (code === "UND_ERR_SOCKET" && messageOf(thrown).startsWith("bad "))
    return fault("E_FRAMING", "an answer that nobody asked for");
  if (code === "UND_ERR_DESTROYED" || code === "UND_ERR_CLOSED") return fault("E_STOPPED", "the session was closed");
  if (code === "UND_ERR_INVALID_ARG") return fault("E_BUG", `the request is not valid: ${messageOf(thrown)}`);
  return fault(
    "E_CUT",
    `${whereCut(answered)} (${visible(code === "" || code === "UND_ERR_SOCKET" ? messageOf(thrown) : code, 200)})`,
  );
}

/** undici's parser errors have no code; the answer's text that they carry is not kept. */
function syntaxFault(
  thrown: Error,
  answered: boolean,
  fault: (as: ErrorCode, what: string, cause: unknown) => Tofu3Error,
): Tofu3Error {
  const [, reason = "unknown reason"] = /\(([^()]*)\)$/.exec(thrown.message) ?? [];
  if (reason.startsWith("Invalid EOF")) return fault("E_CUT", whereCut(answered), undefined);
  return fault("E_FRAMING", `the answer is not clean HTTP/1.1: ${visible(reason, 200)}`, undefined);
}

function whereCut(answered: boolean): string {
  return answered ? "the connection broke within the body" : "the connection was closed before an answer";
}
