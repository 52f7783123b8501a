import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Registry } from "./registry.ts";
import type { Sshd } from "./sshd.ts";

export interface LabWorker {
  readonly name: string;
  readonly vm: Pick<Sshd, "host" | "port" | "user" | "identityFile" | "hostKeyFingerprint">;
  readonly proxy?: string;
  readonly forwardCredentials?: boolean;
  /** More keys of the worker, or others instead; `undefined` removes one. */
  readonly others?: Readonly<Record<string, unknown>>;
}

export interface LabConfig {
  readonly local?: { readonly name?: string; readonly proxy?: string };
  /** Two, as a rule. */
  readonly workers: readonly LabWorker[];
  /** Their authorities and client certificates become known. */
  readonly registries?: readonly Registry[];
  /** More keys of the whole file, e.g. `limits`. */
  readonly others?: Readonly<Record<string, unknown>>;
}

/** Writes `tofu3.yaml` into `folder` and returns its path: one worker here and the given VMs, ready for `--config`. */
export async function writeConfig(folder: string, config: LabConfig): Promise<string> {
  const workers = config.workers.map(({ name, vm, others, ...rest }) => {
    const address = { host: vm.host, port: vm.port, user: vm.user };
    return {
      name,
      via: "ssh",
      ...address,
      identityFile: vm.identityFile,
      hostKey: vm.hostKeyFingerprint,
      ...rest,
      ...others,
    };
  });
  const registries = (config.registries ?? []).flatMap((registry) => {
    if (registry.caFile === null) return [];
    const client = registry.clientCertificate;
    const pair = client === null ? {} : { clientCertificate: client.certificateFile, clientKey: client.keyFile };
    return [[registry.host, { caFile: registry.caFile, ...pair }] as const];
  });
  const file = join(folder, "tofu3.yaml");
  // JSON is YAML; all of the lab is one machine, so that nothing has to be distinct
  const value = {
    workers: [{ name: "here", via: "local", ...config.local }, ...workers],
    ...(registries.length === 0 ? {} : { registries: Object.fromEntries(registries) }),
    policy: { distinct: [] },
    ...config.others,
    // nobody waits between the looks after a disagreement, unless a test is about that
    limits: { againSeconds: 0, ...(config.others?.["limits"] as Readonly<Record<string, number>> | undefined) },
  };
  await writeFile(file, JSON.stringify(value, null, 2));
  return file;
}
