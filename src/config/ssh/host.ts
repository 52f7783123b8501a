import { isIPv6 } from "node:net";
import { isAbsolute, join } from "node:path";
import { Tofu3Error } from "../../errors.ts";
import type { Surroundings } from "../places.ts";
import type { SshFiles } from "./include.ts";
import { readSshSettings, type SshSettings } from "./settings.ts";

/** One host as SSH reaches it. */
export interface SshHost {
  /** Without brackets. */
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** Absolute, in the order to try; `named` ones come from tofu3.yaml and must exist. */
  readonly identityFiles: readonly { readonly file: string; readonly named: boolean }[];
  /** Socket of the agent; null if there is none or it is disabled. */
  readonly identityAgent: string | null;
  /** Offer only those of the agent's keys that are in an identity file. */
  readonly identitiesOnly: boolean;
  /** `[user@]host[:port]`, comma-separated, the nearest hop first; read by `parseJumps`. */
  readonly proxyJump: string | null;
  readonly userKnownHostsFiles: readonly string[];
  readonly hostKeyAlias: string | null;
}

/** Settings in tofu3.yaml; they override ~/.ssh/config. */
export interface SshWishes {
  readonly port: number | null;
  readonly user: string | null;
  readonly identityFile: string | null;
}

/** Where ~/.ssh/config is, and whose it is. */
export interface SshSurroundings extends Pick<Surroundings, "env" | "home"> {
  readonly localUser: string;
  readonly files: SshFiles;
}

const DEFAULT_IDENTITIES = ["id_ed25519", "id_ecdsa", "id_rsa"];
const DEFAULT_KNOWN_HOSTS = ["known_hosts", "known_hosts2"];

function refuse(alias: string, message: string, hint: string): Tofu3Error {
  return new Tofu3Error("E_CONFIG", `cannot use what ~/.ssh/config says for ${JSON.stringify(alias)}: ${message}`, {
    hint,
  });
}

type Tokens = Readonly<Record<string, string>>;

/** Expands `%h` and the like, ssh_config(5) "TOKENS", except those that depend on this machine. */
function expandTokens(text: string, tokens: Tokens, alias: string): string {
  return text.replace(/%(.?)/g, (token, letter: string) => {
    const value = letter === "%" ? "%" : Object.hasOwn(tokens, letter) ? tokens[letter] : undefined;
    if (value === undefined)
      throw refuse(
        alias,
        `it has the token ${JSON.stringify(token)}, which is not expanded here`,
        "write the value itself",
      );
    return value;
  });
}

function expandPath(text: string, tokens: Tokens, alias: string, { env, home }: SshSurroundings): string {
  const expanded = expandTokens(text, tokens, alias).replace(/\$\{([^${}]*)\}/g, (_, name: string) => {
    const value = env[name];
    if (value === undefined)
      throw refuse(alias, `it has \${${name}}, which is not set`, `set ${name}, or write the value itself`);
    return value;
  });
  if (expanded.startsWith("~/")) return join(home, expanded.slice(2));
  return isAbsolute(expanded) ? expanded : join(home, ".ssh", expanded);
}

function portOf(settings: SshSettings, alias: string): number {
  const text = settings.get("port")?.[0];
  if (text === undefined) return 22;
  const port = /^[0-9]{1,5}$/.test(text) ? Number(text) : 0;
  if (port < 1 || port > 65535)
    throw refuse(alias, `Port ${JSON.stringify(text)} is not a number from 1 to 65535`, "correct it there");
  return port;
}

/** A ProxyCommand cannot be ignored: that would take another route to the host than the user configured. */
function proxyJumpOf(settings: SshSettings, tokens: Tokens, alias: string): string | null {
  const [keyword, value] = settings.get("proxy") ?? [];
  if (value === undefined || value.toLowerCase() === "none") return null;
  if (keyword === "proxyjump") return expandTokens(value, tokens, alias);
  throw refuse(alias, "ProxyCommand is not supported", "use ProxyJump, or write the host itself into tofu3.yaml");
}

function agentOf(settings: SshSettings, expand: (text: string) => string, env: SshSurroundings["env"]): string | null {
  const text = settings.get("identityagent")?.[0] ?? "SSH_AUTH_SOCK";
  if (text.toLowerCase() === "none") return null;
  const variable = text === "SSH_AUTH_SOCK" ? text : /^\$([A-Za-z_][A-Za-z0-9_]*)$/.exec(text)?.[1];
  const socket = variable === undefined ? expand(text) : env[variable];
  return socket === undefined || socket === "" ? null : socket;
}

function identitiesOf(
  settings: SshSettings,
  expand: (text: string) => string,
  wished: string | null,
  home: string,
): SshHost["identityFiles"] {
  if (wished !== null) return [{ file: wished, named: true }];
  const files = settings.get("identityfile");
  if (files === undefined) return DEFAULT_IDENTITIES.map((file) => ({ file: join(home, ".ssh", file), named: false }));
  return files.filter((file) => file.toLowerCase() !== "none").map((file) => ({ file: expand(file), named: false }));
}

function knownHostsOf(settings: SshSettings, expand: (text: string) => string, home: string): readonly string[] {
  const files = settings.get("userknownhostsfile");
  if (files === undefined) return DEFAULT_KNOWN_HOSTS.map((file) => join(home, ".ssh", file));
  return files.filter((file) => file.toLowerCase() !== "none").map(expand);
}

/**
 * Where and how to reach a host of tofu3.yaml, which may be an alias in ~/.ssh/config. Ignores /etc/ssh/ssh_config and
 * canonical names; never runs `Match exec`. Throws E_CONFIG.
 */
export async function resolveHost(alias: string, wishes: SshWishes, surroundings: SshSurroundings): Promise<SshHost> {
  const { home, localUser, files, env } = surroundings;
  const decided: SshSettings = new Map();
  if (wishes.port !== null) decided.set("port", [String(wishes.port)]);
  if (wishes.user !== null) decided.set("user", [wishes.user]);
  const settings = await readSshSettings(decided, { alias, home, localUser, files });
  const named = expandTokens(
    settings.get("hostname")?.[0] ?? alias.replace(/%/g, "%%"),
    { h: alias },
    alias,
  ).toLowerCase();
  const host = named.replace(/^\[(.*)\]$/, "$1");
  const port = portOf(settings, alias);
  const user = settings.get("user")?.[0] ?? localUser;
  const hostKeyAlias = settings.get("hostkeyalias")?.[0] ?? null;
  const tokens: Tokens = {
    h: host,
    n: alias,
    p: String(port),
    r: user,
    u: localUser,
    d: home,
    k: hostKeyAlias ?? host,
  };
  const expand = (text: string): string => expandPath(text, tokens, alias, surroundings);
  return {
    host,
    port,
    user,
    identityFiles: identitiesOf(settings, expand, wishes.identityFile, home),
    identityAgent: agentOf(settings, expand, env),
    identitiesOnly: settings.get("identitiesonly")?.[0]?.toLowerCase() === "yes",
    proxyJump: proxyJumpOf(settings, tokens, alias),
    userKnownHostsFiles: knownHostsOf(settings, expand, home),
    hostKeyAlias,
  };
}

/** One hop of a ProxyJump; what it leaves out comes from ~/.ssh/config. */
export interface Jump {
  readonly user: string | null;
  readonly host: string;
  readonly port: number | null;
}

/** `[user@]host[:port]` or `ssh://[user@]host[:port]`, comma-separated, in hop order. Throws E_CONFIG. */
export function parseJumps(text: string): readonly Jump[] {
  return text.split(",").map((each) => {
    const match = /^(?:ssh:\/\/)?(?:([^\s@/]+)@)?(\[[0-9A-Fa-f:.]+\]|[^\s@:/[\]]+)(?::([0-9]{1,5}))?\/?$/.exec(
      each.trim(),
    );
    const [, user, bracketed, port] = match ?? [];
    const host = bracketed?.replace(/^\[(.*)\]$/, "$1");
    const valid =
      host !== undefined &&
      (!host.includes(":") || isIPv6(host)) &&
      (port === undefined || (Number(port) > 0 && Number(port) < 65536));
    if (valid) return { user: user ?? null, host, port: port === undefined ? null : Number(port) };
    throw new Tofu3Error("E_CONFIG", `not a ProxyJump: ${JSON.stringify(text)}`, {
      hint: "it is [user@]host[:port], several separated by commas",
    });
  });
}
