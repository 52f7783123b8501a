import { existsSync, mkdirSync, realpathSync } from "node:fs";
import { cp, symlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { findProgram } from "../lab/install.ts";
import { makeFolder, runTool } from "../lab/processes.ts";

const ROOT = join(import.meta.dirname, "../..");
const env = { ...process.env, BUILDAH_ISOLATION: "chroot" };

let storage: string[] = [];
const buildah = (...args: string[]): Promise<string> => runTool("buildah", [...storage, ...args], { env, cwd: ROOT });

/** A root file system with this machine's node, npm, curl and busybox: no network is needed for a base image. */
async function baseTree(path: string): Promise<string> {
  const bin = join(path, "usr/local/bin");
  for (const each of ["bin", "tmp", "usr/bin", "usr/local/bin", "usr/local/lib/node_modules", "etc/ssl"])
    mkdirSync(join(path, each), { recursive: true });
  for (const name of ["node", "busybox", "curl"]) {
    const program = realpathSync(findProgram(name) ?? name);
    await cp(program, join(bin, name));
    const libraries = (await runTool("ldd", [program]).catch(() => "")).match(/\/[^ )]+/g) ?? [];
    for (const library of libraries) await cp(library, join(path, library), { dereference: true, force: true });
  }
  const applets = (await runTool("busybox", ["--list"])).trim().split("\n");
  for (const applet of applets) await symlink("/usr/local/bin/busybox", join(path, "bin", applet));
  await symlink("/bin/env", join(path, "usr/bin/env"));
  const npm = dirname(dirname(realpathSync(findProgram("npm") ?? "")));
  await cp(npm, join(path, "usr/local/lib/node_modules/npm"), { recursive: true, dereference: true });
  await symlink("../lib/node_modules/npm/bin/npm-cli.js", join(bin, "npm"));
  if (existsSync("/etc/ssl/certs")) await cp("/etc/ssl/certs", join(path, "etc/ssl/certs"), { recursive: true });
  return path;
}

let container = "";

beforeAll(async () => {
  const { path } = await makeFolder("image");
  storage = ["--root", join(path, "root"), "--runroot", join(path, "run"), "--storage-driver", "vfs"];
  const cache = (await runTool("npm", ["config", "get", "cache"])).trim();
  const base = (await buildah("from", "scratch")).trim();
  await buildah("copy", "-q", base, await baseTree(join(path, "base")), "/");
  const settings = {
    PATH: "/usr/local/bin:/usr/bin:/bin",
    NODE_EXTRA_CA_CERTS: "/etc/ssl/certs/ca-certificates.crt",
    npm_config_cache: "/npm-cache",
    npm_config_prefer_offline: "true",
  };
  await buildah("config", ...Object.entries(settings).flatMap(([key, value]) => ["--env", `${key}=${value}`]), base);
  await buildah("commit", "-q", base, "localhost/base");
  const build = [
    "build",
    "-q",
    "--format",
    "docker",
    "-f",
    "config/Containerfile",
    "--build-arg",
    "BASE=localhost/base",
  ];
  await buildah(...build, "-v", `${cache}:/npm-cache`, "-t", "localhost/tofu3", ".");
  container = (await buildah("from", "localhost/tofu3")).trim();
}, 240_000);

test("the image says who runs it, what it runs and when it is healthy", async () => {
  const { Docker } = JSON.parse(await buildah("inspect", "--type", "image", "localhost/tofu3")) as {
    Docker: { config: Record<string, unknown> };
  };
  expect(Docker.config).toMatchObject({
    User: "1000:1000",
    Entrypoint: ["tofu3"],
    WorkingDir: "/work",
    Healthcheck: { Test: ["CMD", "tofu3", "help"] },
  });
});

test("it runs as nobody special, and what says that it is healthy ends well", async () => {
  expect(await buildah("run", container, "--", "tofu3", "--version")).toMatch(/^\d+\.\d+\.\d+\n$/);
  const answer = await buildah("run", container, "--", "sh", "-c", "id -u; tofu3 help >/dev/null; echo $?");
  expect(answer).toBe("1000\n0\n");
});

test("the demo agrees in it on a root that cannot be written to", async () => {
  const root = (await buildah("mount", container)).trim();
  const inside = "! touch /opt/tofu3/x 2>/dev/null && touch /state/x && tofu3 demo -q --json";
  const script = [
    `mount --bind ${root} ${root}`,
    `mount -o remount,bind,ro ${root}`,
    `mount -t proc proc ${root}/proc`,
    `mount -t tmpfs -o mode=1777 tmp ${root}/tmp`,
    `mount -t tmpfs -o mode=0777 state ${root}/state`,
    `mount --bind /dev ${root}/dev`,
    `exec chroot --userspec=1000:1000 ${root} /bin/env -i PATH=/usr/local/bin:/bin HOME=/home/tofu3 XDG_STATE_HOME=/state sh -c '${inside}'`,
  ].join(" && ");
  const said = await runTool("unshare", ["-m", "sh", "-c", script], { env });
  expect(JSON.parse(said)).toMatchObject({ outcome: "agreed" });
  await buildah("umount", container);
});
