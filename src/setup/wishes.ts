import { WORKER_NAME } from "../config/schema.ts";
import { Tofu3Error, visible } from "../errors.ts";
import { DISTINCT, type Distinct } from "../model/policy.ts";
import { parseDestination, type Destination } from "./destination.ts";

/** One worker as a person asks for it. */
export interface Wish {
  readonly name: string;
  /** Null for this machine. */
  readonly destination: Destination | null;
  /** `SHA256:…`, as given and not yet compared. */
  readonly hostKey: string | null;
  readonly identityFile: string | null;
  readonly proxy: string | null;
}

/** The flags that describe workers, as they were typed. */
export interface WishFlags {
  readonly workers: readonly string[];
  readonly hostKeys: readonly string[];
  readonly identities: readonly string[];
  readonly proxies: readonly string[];
}

function refuse(flag: string, text: string, why: string, hint: string): Tofu3Error {
  return new Tofu3Error("E_USAGE", `--${flag} cannot be ${JSON.stringify(visible(text, 100))}: ${why}`, { hint });
}

export function isWorkerName(name: string): boolean {
  return WORKER_NAME.test(name);
}

/** `NAME=VALUE`; a proxy may have a password, so its value is not quoted. */
function pairOf(flag: string, text: string, example: string): readonly [name: string, value: string] {
  const at = text.indexOf("=");
  const [name, value] = [text.slice(0, Math.max(at, 0)), text.slice(at + 1)];
  if (WORKER_NAME.test(name) && value !== "") return [name, value];
  const shown = flag === "proxy" ? `${name}=…` : text;
  throw refuse(flag, shown, "it has to be the name of a worker (letters, digits, . _ -), =, and its value", example);
}

function valuesOf(
  flag: string,
  texts: readonly string[],
  names: ReadonlySet<string>,
  example: string,
): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const [name, value] of texts.map((text) => pairOf(flag, text, example))) {
    if (!names.has(name))
      throw refuse(
        flag,
        `${name}=…`,
        "there is no such worker",
        `add --worker ${name}=[USER@]HOST, or correct the name`,
      );
    if (found.has(name)) throw refuse(flag, `${name}=…`, "that worker has one already", "give it once");
    found.set(name, value);
  }
  return found;
}

/** The workers of the flags, in their order. Throws E_USAGE. */
export function readWishes(flags: WishFlags): readonly Wish[] {
  const pairs = flags.workers.map((text) => pairOf("worker", text, "--worker fra=tofu@203.0.113.7"));
  const names = new Set(pairs.map(([name]) => name));
  if (names.size < pairs.length)
    throw new Tofu3Error("E_USAGE", "two --worker have one name", { hint: "give each worker a name of its own" });
  const hostKeys = valuesOf("host-key", flags.hostKeys, names, "--host-key fra=SHA256:…");
  const proxies = valuesOf("proxy", flags.proxies, names, "--proxy here=socks5h://127.0.0.1:9050");
  const isOwn = (text: string): boolean => names.has(text.split("=", 1).join("")) && text.includes("=");
  const identities = valuesOf("identity", flags.identities.filter(isOwn), names, "--identity fra=~/.ssh/id_ed25519");
  const [common = null, second] = flags.identities.filter((text) => !isOwn(text));
  if (second !== undefined)
    throw refuse("identity", second, "there is one for all workers already", "--identity NAME=FILE is for one worker");
  return pairs.map(([name, place]) => {
    const destination = place === "local" ? null : parseDestination(place);
    const identityFile = identities.get(name) ?? (destination === null ? null : common);
    for (const [flag, has] of [
      ["host-key", hostKeys.has(name)],
      ["identity", identities.has(name)],
    ] as const)
      if (destination === null && has) throw refuse(flag, `${name}=…`, "that worker is this machine", "leave it out");
    return { name, destination, hostKey: hostKeys.get(name) ?? null, identityFile, proxy: proxies.get(name) ?? null };
  });
}

/** `machine,network`, or `none`. Throws E_USAGE. */
export function parseDistinct(text: string): readonly Distinct[] {
  const words = text.split(/[ ,]+/).filter((word) => word !== "");
  if (words.join() === "none") return [];
  const wrong = words.find((word) => word !== "machine" && word !== "network");
  if (wrong === undefined && words.length > 0) return DISTINCT.filter((each) => words.includes(each));
  const isKnown = DISTINCT.some((each) => each === wrong);
  throw refuse(
    "distinct",
    text,
    isKnown ? "that needs a table under policy.geo" : "it is not known",
    isKnown ? "write it into the file afterwards, with policy.geo" : "machine, network, both with a comma, or none",
  );
}
