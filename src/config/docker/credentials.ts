import { join, resolve } from "node:path";
import { Tofu3Error } from "../../errors.ts";
import type { Credentials, CredentialsFor } from "../../model/credentials.ts";
import { HUB } from "../../oci/reference.ts";
import { bestKey, credentialsOf, DOCKER_LOGIN_HUB, readAuthFile, type AuthFile } from "./authfile.ts";
import { askHelper } from "./helper.ts";
import { variable, xdgFolder, type Surroundings } from "../places.ts";
import { registryName } from "../registryname.ts";

/** docker stores Docker Hub under the first of these names, podman under the second. */
function serversOf(registry: string): readonly string[] {
  return registry === HUB ? [DOCKER_LOGIN_HUB, HUB] : [registry];
}

/**
 * If a file is named, only that one, and it must exist; otherwise docker's and podman's own, if they exist.
 * DOCKER_CONFIG is a directory that replaces ~/.docker, and may be empty.
 */
async function readAuthFiles(authfile: string | null, { env, home, cwd }: Surroundings): Promise<readonly AuthFile[]> {
  const named = authfile ?? variable(env, "REGISTRY_AUTH_FILE");
  if (named !== null) {
    const path = resolve(cwd, named);
    const file = await readAuthFile(path);
    if (file !== null) return [file];
    throw new Tofu3Error(
      "E_CREDENTIALS",
      `cannot read the credentials in ${JSON.stringify(path)}, which ${authfile === null ? "REGISTRY_AUTH_FILE" : "--authfile"} names: there is no such file`,
      { hint: "check the path, or leave it out: tofu3 then reads what docker login and podman login wrote" },
    );
  }
  const runtime = xdgFolder(env, "XDG_RUNTIME_DIR");
  const places = [
    join(resolve(cwd, variable(env, "DOCKER_CONFIG") ?? join(home, ".docker")), "config.json"),
    ...(runtime === null ? [] : [join(runtime, "containers", "auth.json")]),
    join(xdgFolder(env, "XDG_CONFIG_HOME") ?? join(home, ".config"), "containers", "auth.json"),
  ];
  const files: AuthFile[] = [];
  for (const place of places) {
    const file = await readAuthFile(place);
    if (file !== null) files.push(file);
  }
  return files;
}

/** State of one lookup; `ask` is `askHelper` with its answers cached. */
interface Lookup {
  readonly registry: string;
  readonly repository: string;
  readonly ask: (helper: string, server: string) => Promise<Credentials | null>;
}

async function askFor(helper: string, { registry, ask }: Lookup): Promise<Credentials | null> {
  for (const server of serversOf(registry)) {
    const found = await ask(helper, server);
    if (found !== null) return found;
  }
  return null;
}

/** A registry's own helper is final; the common store is asked before the file's entries are read. */
async function lookUp(file: AuthFile, lookup: Lookup): Promise<Credentials | null> {
  const helper = bestKey(file.credHelpers, lookup.registry, "");
  if (helper !== null) return askFor(helper[1], lookup);
  const stored = file.credsStore === null ? null : await askFor(file.credsStore, lookup);
  if (stored !== null) return stored;
  const entry = bestKey(file.auths, lookup.registry, lookup.repository);
  return entry === null ? null : credentialsOf(file.path, entry[0], entry[1]);
}

/**
 * Credentials as docker, podman and skopeo store them. `authfile` (`--authfile`) or REGISTRY_AUTH_FILE names the only
 * file; otherwise the first with an answer counts: `$DOCKER_CONFIG/config.json` or `~/.docker/config.json`,
 * `$XDG_RUNTIME_DIR/containers/auth.json`, `$XDG_CONFIG_HOME/containers/auth.json`. Reads the files at once; runs
 * helpers only when needed, and once per registry. Throws E_CREDENTIALS. The signal kills running helpers.
 */
export async function readDockerCredentials(
  authfile: string | null,
  surroundings: Surroundings,
  signal: AbortSignal,
): Promise<CredentialsFor> {
  const files = await readAuthFiles(authfile, surroundings);
  const asked = new Map<string, Promise<Credentials | null>>();
  const ask: Lookup["ask"] = (helper, server) => {
    const key = JSON.stringify([helper, server]);
    const running = asked.get(key) ?? askHelper(helper, server, { env: surroundings.env }, signal);
    asked.set(key, running);
    return running;
  };
  return async (hostPort, repository) => {
    const registry = registryName(hostPort);
    if (registry === null) return null;
    for (const file of files) {
      const found = await lookUp(file, { registry, repository, ask });
      if (found !== null) return found;
    }
    return null;
  };
}
