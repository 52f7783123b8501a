import { join } from "node:path";

/** The clients whose own pull can be run. */
export const CHECKED = ["podman", "buildah", "skopeo", "docker", "containerd", "brew"] as const;
export type Checked = (typeof CHECKED)[number];

/** One pull, and what takes away what it leaves. */
export interface Plan {
  readonly pull: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** The image was there before if this succeeds, and then stays. */
  readonly isThere: readonly string[] | null;
  readonly cleanUp: readonly (readonly string[])[];
}

export interface PlanRequest {
  readonly image: string;
  /** Throw-away. */
  readonly folder: string;
  /** Where containerd's hosts.toml are. */
  readonly hosts: string;
}

const NAMESPACE = "tofu3-check";

/** Where they can, clients are told to say which URLs they ask: a refusal that is told does not exclude another way. */
export function planOf(client: Checked, { image, folder, hosts }: PlanRequest): Plan {
  const storage = ["--root", join(folder, "root"), "--runroot", join(folder, "run"), "--storage-driver", "vfs"];
  const only = (...pull: readonly string[]): Plan => ({ pull, env: {}, isThere: null, cleanUp: [] });
  switch (client) {
    case "podman":
      return only("podman", "--log-level=debug", ...storage, "--tmpdir", join(folder, "tmp"), "pull", image);
    case "buildah":
      return only("buildah", "--log-level=debug", ...storage, "pull", image);
    case "skopeo":
      return only("skopeo", "--debug", "copy", `docker://${image}`, `dir:${join(folder, "image")}`);
    case "docker":
      return {
        ...only("docker", "pull", image),
        isThere: ["docker", "image", "inspect", image],
        cleanUp: [["docker", "image", "rm", image]],
      };
    case "containerd": {
      const ctr = ["ctr", "--debug", "--namespace", NAMESPACE];
      return {
        ...only(...ctr, "images", "pull", "--hosts-dir", hosts, image),
        cleanUp: [
          ["ctr", "--namespace", NAMESPACE, "images", "rm", "--sync", image],
          ["ctr", "namespaces", "rm", NAMESPACE],
        ],
      };
    }
    case "brew":
      return {
        ...only("brew", "fetch", "--force", image),
        env: { HOMEBREW_CACHE: join(folder, "cache"), HOMEBREW_NO_AUTO_UPDATE: "1" },
      };
  }
}
