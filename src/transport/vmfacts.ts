import { visible } from "../errors.ts";
import type { JobReply } from "./reply.ts";

export interface Lack {
  readonly what: string;
  /** What to do about it, a command where there is one. */
  readonly todo: string;
}

/** What a VM says about itself. Its own words: never part of a judgement. */
export interface VmFacts {
  readonly hostKey: string;
  readonly os: string;
  /** `curl 7.88.1` */
  readonly curl: string | null;
  readonly hashTool: string | null;
  /** Seconds since 1970 when the script began. */
  readonly clock: number | null;
  readonly machine: string | null;
  /** Its curl can run transfers in parallel and tell the exit status of each (7.75). */
  readonly parallel: boolean;
  readonly tools: readonly string[];
  readonly lacks: readonly Lack[];
}

const HASH_TOOLS: readonly string[] = ["openssl", "sha256sum", "shasum"];

export function readFacts(hostKey: string, greeting: JobReply): VmFacts {
  const { info } = greeting;
  const version = /^curl (\d+)\.(\d+)(?:\.\d+)?/.exec(info.get("curl") ?? "");
  const [curl, major, minor] = version === null ? [null, 0, 0] : [version[0], Number(version[1]), Number(version[2])];
  const hashTool = HASH_TOOLS.find((tool) => tool === info.get("hash")) ?? null;
  const machine = info.get("machine");
  const clock = info.get("clock");
  const lacks: Lack[] = [];
  if (greeting.lacks.length > 0) lacks.push({ what: "no folder for temporary files", todo: "make /tmp writable on the VM and free some space" });
  else {
    if (curl === null) lacks.push({ what: "no curl", todo: "install it on the VM: apt-get install curl" });
    if (hashTool === null) lacks.push({ what: "none of openssl, sha256sum, shasum", todo: "install one on the VM: apt-get install openssl" });
  }
  return {
    hostKey,
    os: visible(info.get("os") ?? "unknown", 80),
    curl,
    hashTool,
    clock: clock !== undefined && /^\d{1,12}$/.test(clock) ? Number(clock) : null,
    machine: machine !== undefined && /^[0-9a-f]{64}$/.test(machine) ? machine : null,
    parallel: major > 7 || (major === 7 && minor >= 75),
    tools: [curl, hashTool].filter((each) => each !== null),
    lacks,
  };
}
