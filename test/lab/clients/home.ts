import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { makeFolder } from "../processes.ts";

/** The home of somebody who has these clients and nothing else. */
export interface Home {
  readonly path: string;
  /** For every client that is started for them. */
  readonly env: Readonly<Record<string, string>>;
  /** `registries.conf` of podman, buildah and skopeo. */
  readonly setRegistries: (text: string) => Promise<void>;
  readonly stop: () => Promise<void>;
}

export async function makeHome(env: Readonly<Record<string, string>>): Promise<Home> {
  const { path, remove } = await makeFolder("home");
  const config = join(path, ".config/containers");
  await mkdir(config, { recursive: true });
  await mkdir(join(path, "tmp"));
  await writeFile(join(config, "policy.json"), '{"default":[{"type":"insecureAcceptAnything"}]}');
  return {
    path,
    env: { ...env, HOME: path, TMPDIR: join(path, "tmp") },
    setRegistries: (text) => writeFile(join(config, "registries.conf"), text),
    stop: remove,
  };
}
