import { Tofu3Error, type ErrorCode, type Stage } from "../errors.ts";

type Meaning = readonly [ErrorCode, Stage, string, string?];

const TLS_HINT = "compare the certificate as this VM sees it, its clock and its CA bundle; a corporate or captive network may intercept TLS here";
const OLD_HINT = "install a newer curl on the VM";

/** curl(1), "EXIT CODES". What is not here is E_CONNECT. */
const MEANINGS: Readonly<Record<number, Meaning>> = {
  1: ["E_FRAMING", "http", "the answer is not HTTP/1.1"],
  2: ["E_VM_TOOL", "ssh", "the VM's curl does not know an option that is needed", OLD_HINT],
  3: ["E_FRAMING", "http", "curl does not accept the URL"],
  4: ["E_VM_TOOL", "ssh", "the VM's curl was built without a feature that is needed", OLD_HINT],
  5: ["E_PROXY", "dns", "the name of the proxy cannot be resolved on the VM"],
  6: ["E_DNS", "dns", "the name of the registry cannot be resolved on the VM", "check the VM's resolver (cat /etc/resolv.conf)"],
  7: ["E_CONNECT", "connect", "the VM cannot connect to the registry", "check the VM's firewall and route"],
  8: ["E_FRAMING", "http", "the answer is not clean HTTP/1.1"],
  16: ["E_FRAMING", "http", "the answer is not HTTP/1.1"],
  18: ["E_CUT", "body", "the body ended early"],
  22: ["E_STATUS", "http", "the answer is an error"],
  23: ["E_VM_DISK", "body", "the VM cannot write a temporary file", "free space in the VM's /tmp"],
  26: ["E_VM_REPLY", "ssh", "the VM's curl cannot read its configuration"],
  27: ["E_FRAMING", "http", "the headers of the answer are too large"],
  28: ["E_TIMEOUT", "connect", "the time limit is over"],
  35: ["E_TLS", "tls", "the TLS handshake failed", TLS_HINT],
  43: ["E_FRAMING", "http", "curl cannot make sense of the answer"],
  47: ["E_REDIRECT", "http", "too many redirects"],
  51: ["E_TLS", "tls", "the certificate is not for this name", TLS_HINT],
  52: ["E_CUT", "http", "the server closed the connection without an answer"],
  53: ["E_TLS", "tls", "the TLS engine of the VM failed", TLS_HINT],
  55: ["E_CUT", "http", "the connection broke while the request was sent"],
  56: ["E_CUT", "body", "the connection broke"],
  58: ["E_TLS", "tls", "the client certificate cannot be used", TLS_HINT],
  59: ["E_TLS", "tls", "the VM's TLS library lacks the cipher", TLS_HINT],
  60: ["E_TLS", "tls", "the certificate cannot be verified with the VM's authorities", TLS_HINT],
  61: ["E_ENCODING", "http", "the body has an encoding that was not asked for"],
  63: ["E_TOO_LARGE", "body", "the body is longer than allowed"],
  77: ["E_TLS", "tls", "the VM's CA bundle cannot be read", "install ca-certificates on the VM"],
  83: ["E_TLS", "tls", "the issuer of the certificate does not match", TLS_HINT],
  91: ["E_TLS", "tls", "the certificate status is invalid", TLS_HINT],
  97: ["E_PROXY", "connect", "the proxy refused the connection"],
};

/** The fault behind one exit status of the VM's curl, not 0. */
export function faultOfExit(exit: number): Tofu3Error {
  const meaning = MEANINGS[exit];
  if (meaning === undefined) {
    const killed = exit > 128 ? ` (killed by signal ${exit - 128})` : "";
    return new Tofu3Error(exit > 128 ? "E_VM_TOOL" : "E_CONNECT", `curl on the VM ended with status ${exit}${killed}`, { stage: exit > 128 ? "ssh" : "connect" });
  }
  const [code, stage, message, hint] = meaning;
  return new Tofu3Error(code, `${message} (curl ${exit})`, { stage, hint });
}
