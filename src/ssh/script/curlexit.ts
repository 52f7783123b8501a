import { Tofu3Error, type ErrorCode, type Stage } from "../../errors.ts";
import { toRaise } from "../../http/raise.ts";
import { SLOWEST_BYTES_PER_SECOND } from "../../http/speed.ts";
import type { Limits } from "../../model/job.ts";
import { tlsTrouble, type Refused, type TlsTrouble } from "../../http/tlswords.ts";

/** How far an exchange came before curl gave up: no connection, no whole header block, some of the body. */
export type Reached = "nothing" | "peer" | "answer";

/** Without a stage, it is where the exchange had come to. */
type Meaning = readonly [code: ErrorCode, stage: Stage | null, message: string, hint?: string];

const TLS_HINT =
  "compare the certificate as this VM sees it, its clock and its CA bundle; a corporate or captive network may intercept TLS here";
const OLD_HINT = "install a newer curl on the VM";
const PROXY_HINT = "check that the proxy runs, that the VM can reach it, and that its URL is right";

/** curl(1), "EXIT CODES". What is not here is E_CONNECT, and E_CUT within a body. */
const MEANINGS: Readonly<Record<number, Meaning>> = {
  1: ["E_FRAMING", "http", "the answer is not HTTP/1.1"],
  2: ["E_VM_TOOL", "ssh", "the VM's curl does not know an option that is needed", OLD_HINT],
  3: ["E_FRAMING", "http", "curl does not accept the URL"],
  4: ["E_VM_TOOL", "ssh", "the VM's curl was built without a feature that is needed", OLD_HINT],
  5: ["E_PROXY", "dns", "the name of the proxy cannot be resolved on the VM", PROXY_HINT],
  6: [
    "E_DNS",
    "dns",
    "the name of the registry cannot be resolved on the VM",
    "check the VM's resolver (cat /etc/resolv.conf)",
  ],
  7: ["E_CONNECT", "connect", "the VM cannot connect to the registry", "check the VM's firewall and route"],
  8: ["E_FRAMING", null, "the answer is not clean HTTP/1.1"],
  16: ["E_FRAMING", "http", "the answer is not HTTP/1.1"],
  18: ["E_CUT", "body", "the body ended early"],
  23: ["E_VM_DISK", "body", "the VM cannot write what it received", "free space in the VM's /tmp"],
  26: ["E_VM_REPLY", "ssh", "the VM's curl cannot read its configuration"],
  27: ["E_FRAMING", "http", "the headers of the answer are too large"],
  28: [
    "E_TIMEOUT",
    null,
    "a time limit was reached",
    "check the VM's network, or raise the limits in the configuration",
  ],
  35: ["E_TLS", "tls", "the TLS handshake failed", TLS_HINT],
  42: ["E_VM_TOOL", "ssh", "the VM's curl gave it up because of another transfer"],
  43: ["E_FRAMING", null, "curl cannot make sense of the answer"],
  51: ["E_TLS", "tls", "the certificate is not for this name", TLS_HINT],
  52: ["E_CUT", "http", "the server closed the connection without an answer"],
  53: ["E_TLS", "tls", "the TLS engine of the VM failed", TLS_HINT],
  55: ["E_CUT", null, "the connection broke while the request was sent"],
  56: ["E_CUT", null, "the connection broke"],
  58: ["E_TLS", "tls", "the client certificate cannot be used", TLS_HINT],
  59: ["E_TLS", "tls", "the VM's TLS library lacks the cipher", TLS_HINT],
  60: ["E_TLS", "tls", "the certificate cannot be verified with the VM's authorities", TLS_HINT],
  61: ["E_FRAMING", "http", "the body has a transfer coding that was not asked for"],
  63: ["E_FRAMING", "http", "the answer declares a length that cannot be"],
  77: ["E_TLS", "tls", "the VM's CA bundle cannot be read", "install ca-certificates on the VM"],
  83: ["E_TLS", "tls", "the issuer of the certificate does not match", TLS_HINT],
  91: ["E_TLS", "tls", "the certificate status is invalid", TLS_HINT],
  97: ["E_PROXY", "connect", "the proxy refused the connection", PROXY_HINT],
};

const STAGES = { nothing: "connect", peer: "http", answer: "body" } as const;

/** How the TLS libraries of curl put what is wrong with a server. */
const TLS_SAYINGS: readonly (readonly [RegExp, TlsTrouble])[] = [
  [/no alternative certificate subject name|does not match target host|does not match the host/i, "name"],
  [/certificate has expired|certificate expired/i, "expired"],
  [/not yet valid|not yet activated/i, "early"],
  [
    /self[- ]signed certificate in certificate chain|unable to get (?:local )?issuer|issuer (?:is )?unknown|unknown CA|signer not found/i,
    "authority",
  ],
  [/self[- ]signed certificate/i, "self-signed"],
  [/revoked/i, "revoked"],
  [/wrong version number|packet length too long|unexpected TLS packet|http request/i, "plain"],
  [/unsupported protocol/i, "old"],
];

/**
 * The same for a TLS fault whose reason curl says (`said`, from 7.75 on) in words that are known here; null for any
 * other.
 */
export function tlsFaultOfExit(exit: number, said: string, refused: Refused): Tofu3Error | null {
  if (MEANINGS[exit]?.[0] !== "E_TLS") return null;
  const trouble = TLS_SAYINGS.find(([saying]) => saying.test(said))?.[1];
  return trouble === undefined ? null : tlsTrouble(trouble, refused);
}

/** Which of the limits that curl was given it has reached; as far as an old one (before 7.75) lets know. */
export function timeoutOfCurl(said: string, reached: Reached, limits: Limits): Tofu3Error {
  const { connectSeconds, idleSeconds, totalSeconds } = limits;
  const [limit, what] = /too slow/i.test(said)
    ? (["idleSeconds", `less than ${SLOWEST_BYTES_PER_SECOND} bytes a second for ${idleSeconds} s`] as const)
    : reached === "nothing"
      ? (["connectSeconds", `no connection within ${connectSeconds} s`] as const)
      : said === ""
        ? (["idleSeconds", `next to nothing arrived for ${idleSeconds} s`] as const)
        : (["totalSeconds", `not done within ${totalSeconds} s`] as const);
  return new Tofu3Error("E_TIMEOUT", `${what} (${limit}; curl 28)`, {
    stage: STAGES[reached],
    hint: `check the VM's network, or ${toRaise(limit, limits[limit])}`,
  });
}

/** The fault behind one exit status of the VM's curl, not 0. */
export function faultOfExit(exit: number, reached: Reached): Tofu3Error {
  const meaning = MEANINGS[exit];
  if (meaning === undefined) {
    const killed = exit > 128 ? ` (killed by signal ${exit - 128})` : "";
    const [code, stage] =
      exit > 125
        ? (["E_VM_TOOL", "ssh"] as const)
        : ([reached === "answer" ? "E_CUT" : "E_CONNECT", STAGES[reached]] as const);
    return new Tofu3Error(code, `curl on the VM ended with status ${exit}${killed}`, {
      stage,
      hint: exit > 125 ? "look at the VM: is it short of memory?" : undefined,
    });
  }
  const [code, stage, message, hint] = meaning;
  return new Tofu3Error(code, `${message} (curl ${exit})`, { stage: stage ?? STAGES[reached], hint });
}

/**
 * What a connection that was not made means where a proxy stands in between: 7, or the proxy's own answer to CONNECT.
 */
export function faultOfProxy(connectStatus: number): Tofu3Error {
  const what =
    connectStatus === 0
      ? "the VM cannot connect to the proxy (curl 7)"
      : connectStatus === 407
        ? "the proxy asks for other credentials (407)"
        : `the proxy refuses to connect to the registry (${connectStatus})`;
  return new Tofu3Error("E_PROXY", what, { stage: "connect", hint: PROXY_HINT });
}
