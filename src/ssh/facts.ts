import { visible } from "../errors.ts";
import type { JobReply } from "./script/reply.ts";

export interface Lack {
  readonly what: string;
  /** What to do about it; a command if there is one. */
  readonly todo: string;
}

/**
 * What a VM says about itself. Except for the host key these are unproved claims: they can make its worker indistinct,
 * and nothing else.
 */
export interface VmFacts {
  /** `SHA256:…`, proved. */
  readonly hostKey: string;
  readonly os: string;
  /** `curl 7.88.1` */
  readonly curl: string | null;
  readonly hashTool: string | null;
  /** Its clock minus this machine's, in milliseconds, at the start of the script; in whole seconds. */
  readonly clockOffsetMs: number | null;
  readonly machine: string | null;
  readonly boot: string | null;
  /** `ssh-ed25519 AAAA…`: the key that it has to sign what it sees; null without one. */
  readonly signer: string | null;
  /** Its curl can run transfers in parallel and report each exit status (7.75). */
  readonly parallel: boolean;
  readonly tools: readonly string[];
  /** It has a directory for temporary files; without one its shells end at once. */
  readonly hasFolder: boolean;
  readonly lacks: readonly Lack[];
}

/** Minor version of the first curl 7 with `suppress-connect-headers` (7.54) and `path-as-is` (7.42). */
const OLDEST_CURL = 54;
const HASH_TOOLS: readonly string[] = ["openssl", "sha256sum", "shasum"];

/** Whether `curl 7.88.1` is 7.`minor` or newer. */
export function isCurlSince(curl: string | null, minor: number): boolean {
  const [, first = "", second = ""] = /^curl (\d+)\.(\d+)/.exec(curl ?? "") ?? [];
  return Number(first) > 7 || (Number(first) === 7 && Number(second) >= minor);
}

function hashOf(text: string | undefined): string | null {
  return text !== undefined && /^[0-9a-f]{64}$/.test(text) ? text : null;
}

/** When the greeting was asked for, and when it came; milliseconds of this machine's clock. */
export interface GreetingTimes {
  readonly sentAt: number;
  readonly receivedAt: number;
}

/** The VM tells whole seconds, at some time between these two; what that may explain is no offset. */
function clockOffset(clock: string | undefined, { sentAt, receivedAt }: GreetingTimes): number | null {
  if (clock === undefined || !/^\d{1,12}$/.test(clock)) return null;
  const offset = Number(clock) * 1000 + 500 - (sentAt + receivedAt) / 2;
  const doubt = 500 + Math.abs(receivedAt - sentAt) / 2;
  return Math.abs(offset) <= Math.max(1000, doubt) ? 0 : Math.round(offset / 1000) * 1000;
}

export function readFacts(hostKey: string, greeting: JobReply, times: GreetingTimes): VmFacts {
  const { info } = greeting;
  const [curl = null] = /^curl \d{1,3}\.\d{1,3}(?:\.\d{1,3})?/.exec(info.get("curl") ?? "") ?? [];
  const hashTool = HASH_TOOLS.find((tool) => tool === info.get("hash")) ?? null;
  const lacks: Lack[] = [];
  const hasFolder = greeting.lacks.length === 0;
  if (!hasFolder)
    lacks.push({ what: "no folder for temporary files", todo: "make /tmp writable on the VM and free some space" });
  else {
    if (curl === null) lacks.push({ what: "no curl", todo: "install it on the VM: apt-get install curl" });
    else if (!isCurlSince(curl, OLDEST_CURL))
      lacks.push({ what: `${curl} is too old`, todo: `install curl 7.${OLDEST_CURL} or newer on the VM` });
    if (hashTool === null)
      lacks.push({
        what: "none of openssl, sha256sum, shasum",
        todo: "install one on the VM: apt-get install openssl",
      });
  }
  return {
    hostKey,
    os: visible(info.get("os") ?? "unknown", 80),
    curl,
    hashTool,
    clockOffsetMs: clockOffset(info.get("clock"), times),
    machine: hashOf(info.get("machine")),
    boot: hashOf(info.get("boot")),
    signer: /^ssh-ed25519 [A-Za-z0-9+/]{68}(?= |$)/.exec(info.get("signer") ?? "")?.[0] ?? null,
    parallel: isCurlSince(curl, 75),
    tools: [curl, hashTool].filter((each) => each !== null),
    hasFolder,
    lacks,
  };
}
