import { z } from "zod";
import { Tofu3Error, visible } from "../../errors.ts";
import type { Credentials } from "../../model/credentials.ts";
import { HUB } from "../../oci/reference.ts";
import { trimBoth, trimEnd } from "../../oci/trim.ts";
import { Secret } from "../../secret.ts";
import { registryName } from "../registryname.ts";
import { readSmallText } from "../../smallfile.ts";

/** The key under which docker login stores Docker Hub. */
export const DOCKER_LOGIN_HUB = "https://index.docker.io/v1/";

const entry = z.object({
  auth: z.string().optional(),
  username: z.string().optional(),
  password: z.string().optional(),
  identitytoken: z.string().optional(),
});

const schema = z.object({
  auths: z.record(z.string(), entry.nullable()).nullish(),
  credsStore: z.string().nullish(),
  credHelpers: z.record(z.string(), z.string()).nullish(),
});

type Entry = z.output<typeof entry>;

/** Docker's `config.json` or podman's `auth.json`: only the parts about credentials. */
export interface AuthFile {
  readonly path: string;
  readonly auths: readonly (readonly [key: string, entry: Entry])[];
  readonly credsStore: string | null;
  readonly credHelpers: readonly (readonly [key: string, helper: string])[];
}

function refuse(path: string, what: string): Tofu3Error {
  return new Tofu3Error("E_CREDENTIALS", `cannot use the credentials in ${JSON.stringify(path)}: ${what}`, {
    hint: "log in again with docker login or podman login, or name another file with --authfile",
  });
}

/** Node's message quotes the text around the error, which may be a password; this keeps only its position. */
function parseJson(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const position = error instanceof Error ? /at position (\d+)/.exec(error.message)?.[1] : undefined;
    const before = position === undefined ? null : text.slice(0, Number(position)).split("\n");
    throw refuse(
      path,
      `it is not JSON${before === null ? "" : ` (line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1})`}`,
    );
  }
}

/**
 * Null if the file does not exist. Throws E_CREDENTIALS with the path and what is wrong, never with the file's
 * contents.
 */
export async function readAuthFile(path: string): Promise<AuthFile | null> {
  const text = await readSmallText(path, { what: "the credentials in", code: "E_CREDENTIALS", limit: 4 * 1024 * 1024 });
  if (text === null) return null;
  if (text.trim() === "") return { path, auths: [], credsStore: null, credHelpers: [] };
  const parsed = schema.safeParse(parseJson(path, text.replace(/^\ufeff/, "")));
  const [issue] = parsed.error?.issues ?? [];
  if (issue !== undefined) {
    const where = visible(issue.path.map((step) => JSON.stringify(step)).join(" > "), 200);
    const wanted = issue.code === "invalid_type" ? issue.expected.replace("record", "object") : "another value";
    throw refuse(
      path,
      `${where === "" ? "the whole file" : where} must be ${/^[aeiou]/.test(wanted) ? "an" : "a"} ${wanted}`,
    );
  }
  const { auths, credsStore, credHelpers } = parsed.data ?? {};
  return {
    path,
    auths: Object.entries(auths ?? {}).flatMap(([key, value]) => (value === null ? [] : [[key, value] as const])),
    credsStore: credsStore === undefined || credsStore === "" ? null : credsStore,
    credHelpers: Object.entries(credHelpers ?? {}),
  };
}

/**
 * Parses a key of `auths` or `credHelpers`: a registry, possibly with a scheme and docker's `/v1/` (then the rest is
 * not a namespace), or podman's registry with a namespace. Null if it is neither.
 */
function parseKey(key: string): { registry: string; path: string } | null {
  const bare = key.replace(/^https?:\/\//i, "");
  const slash = bare.indexOf("/");
  const registry = registryName(slash === -1 ? bare : bare.slice(0, slash));
  if (registry === null) return null;
  const rest = slash === -1 ? "" : trimEnd(bare.slice(slash + 1), "/");
  const legacy = bare !== key || (registry === HUB && /^v[12]$/.test(rest));
  return { registry, path: legacy ? "" : rest };
}

/** Whether the namespace `path` contains a repository: equal to it, or a prefix that ends at a slash. */
function holds(path: string, repository: string): boolean {
  return path === "" || repository === path || repository.startsWith(`${path}/`);
}

/**
 * The most specific matching key: the longest namespace, then the bare registry, then docker login's form. Matches the
 * exact `host:port`, never a prefix.
 */
export function bestKey<T>(
  entries: readonly (readonly [key: string, value: T])[],
  registry: string,
  repository: string,
): readonly [string, T] | null {
  const rank = (key: string): number => (key === registry ? 0 : key === DOCKER_LOGIN_HUB ? 1 : 2);
  const fitting = entries.flatMap((each) => {
    const key = parseKey(each[0]);
    return key !== null && key.registry === registry && holds(key.path, repository)
      ? [{ each, length: key.path.length }]
      : [];
  });
  fitting.sort((a, b) => b.length - a.length || rank(a.each[0]) - rank(b.each[0]));
  return fitting[0]?.each ?? null;
}

/**
 * The credentials in an entry of `auths`; null for the empty entry that `docker login` leaves beside a credsStore.
 * Throws E_CREDENTIALS.
 */
export function credentialsOf(
  path: string,
  key: string,
  { auth, username, password, identitytoken }: Entry,
): Credentials | null {
  if (identitytoken !== undefined && identitytoken !== "") return { identityToken: new Secret(identitytoken) };
  if (auth !== undefined && auth !== "") {
    const text = /^[A-Za-z0-9+/_-]+={0,2}$/.test(auth) ? Buffer.from(auth, "base64").toString("utf8") : "";
    const colon = text.indexOf(":");
    if (colon < 1) throw refuse(path, `auths > ${JSON.stringify(key)} > auth is not the base64 of "user:password"`);
    // docker pads the password with NULs
    return { username: text.slice(0, colon), password: new Secret(trimBoth(text.slice(colon + 1), "\0")) };
  }
  if (username !== undefined && username !== "" && password !== undefined)
    return { username, password: new Secret(password) };
  return null;
}
