import { spawnSync } from "node:child_process";

const OF_NOBODY = {
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_CONFIG_SYSTEM: "/dev/null",
  GIT_AUTHOR_NAME: "lab",
  GIT_AUTHOR_EMAIL: "lab@example.org",
  GIT_COMMITTER_NAME: "lab",
  GIT_COMMITTER_EMAIL: "lab@example.org",
};

function git(args: readonly string[], env: Readonly<Record<string, string>> = {}): Buffer {
  const { status, stdout, stderr } = spawnSync("git", args, { env: { ...process.env, ...OF_NOBODY, ...env } });
  if (status !== 0) throw new Error(`git ${args.join(" ")}: ${String(stderr)}`);
  return stdout;
}

/**
 * A real repository: branches main and both, the annotated tag v1, the tags light and both, and a pull request of a
 * stranger. Returns the commits by name.
 */
export function makeRepository(
  path: string,
): Promise<{ readonly v1: string; readonly main: string; readonly old: string }> {
  const at = ["-C", path];
  git(["init", "-q", "-b", "main", path]);
  const commit = (message: string): string => {
    git([...at, "commit", "-q", "--allow-empty", "-m", message]);
    return git([...at, "rev-parse", "HEAD"])
      .toString()
      .trim();
  };
  const old = commit("old");
  const v1 = commit("one");
  git([...at, "tag", "-a", "-m", "one", "v1"]);
  git([...at, "tag", "light"]);
  git([...at, "branch", "both"]);
  const main = commit("two");
  git([...at, "tag", "both"]);
  git([...at, "checkout", "-q", "--orphan", "stranger"]);
  const strange = commit("of a stranger");
  git([...at, "update-ref", "refs/pull/1/head", strange]);
  git([...at, "checkout", "-q", "main"]);
  git([...at, "branch", "-q", "-D", "stranger"]);
  return Promise.resolve({ v1, main, old });
}

/** What Git's own server sends for `info/refs?service=git-upload-pack`. */
export function advertised(path: string, version = "0"): Promise<Buffer> {
  const head = "001e# service=git-upload-pack\n0000";
  const env = { GIT_PROTOCOL: `version=${version}` };
  return Promise.resolve(
    Buffer.concat([Buffer.from(head), git(["upload-pack", "--stateless-rpc", "--advertise-refs", path], env)]),
  );
}
