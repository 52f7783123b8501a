import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { delimiter, join } from "node:path";

/** Programs that the tests run, and the Debian package that has each. */
const PROGRAMS = {
  sshd: "openssh-server",
  ssh: "openssh-client",
  "ssh-keygen": "openssh-client",
  "docker-registry": "docker-registry",
  skopeo: "skopeo",
  umoci: "umoci",
  curl: "curl",
  openssl: "openssl",
  tinyproxy: "tinyproxy",
  htpasswd: "apache2-utils",
  ip: "iproute2",
  pgrep: "procps",
  script: "bsdutils",
  setpriv: "util-linux",
  nsenter: "util-linux",
  sudo: "sudo",
  shellcheck: "shellcheck",
  useradd: "passwd",
  make: "make",
  "systemd-analyze": "systemd",
  "pre-commit": "pre-commit",
  "ssh-agent": "openssh-client",
  "cloud-init": "cloud-init",
  fish: "fish",
  tmux: "tmux",
  // no program, but a file at a fixed place beside the programs
  "../share/bash-completion/bash_completion": "bash-completion",
  man: "man-db",
  mandoc: "mandoc",
  groff: "groff",
  tcsh: "tcsh",
  zsh: "zsh",
  mksh: "mksh",
  busybox: "busybox",
  zstd: "zstd",
  xmllint: "libxml2-utils",
  git: "git",
  "docker-compose": "docker-compose",
  buildah: "buildah",
  kubectl: "kubernetes-client",
  unshare: "util-linux",
  chromium: "chromium",
} as const;

/** Installed with the others; a test that wants one is skipped where it is missing. */
const WELCOME = { podman: "podman", dockerd: "docker.io", ctr: "containerd" } as const;

/** Daemons live in sbin, which is not in everybody's PATH. */
const PLACES = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/local/sbin", "/usr/sbin", "/sbin"];

export function findProgram(name: string): string | null {
  return (
    PLACES.filter(Boolean)
      .map((place) => join(place, name))
      .find((path) => existsSync(path)) ?? null
  );
}

function missingOf(programs: Readonly<Record<string, string>>): string[] {
  const missing = Object.entries(programs).filter(([name]) => findProgram(name) === null);
  return [...new Set(missing.map(([, each]) => each))].sort();
}

function apt(...args: string[]): string | null {
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const result = spawnSync("apt-get", ["-qq", "-o", "DPkg::Lock::Timeout=300", ...args], { env, encoding: "utf8" });
  return result.status === 0 ? null : `apt-get ${args.join(" ")}: ${result.stderr}`;
}

/** Installs what the tests lack where that is possible (root on Debian); otherwise throws one line that names it. */
export function installPrograms(): void {
  const missing = missingOf({ ...PROGRAMS, ...WELCOME });
  let trouble: string | null = null;
  if (missing.length > 0 && process.getuid?.() === 0 && findProgram("apt-get") !== null) {
    console.error(`installing for the tests: ${missing.join(" ")}`);
    trouble = apt("update") ?? apt("install", "-y", "--no-install-recommends", ...missing);
  }
  const still = missingOf(PROGRAMS);
  if (still.length > 0) {
    throw new Error(
      `missing for the tests: ${still.join(" ")}; on Debian: apt-get install ${still.join(" ")}${trouble === null ? "" : ` (${trouble.trim()})`}`,
    );
  }
  // sshd started by root insists on it; Debian's service makes it at boot
  if (process.getuid?.() === 0) mkdirSync("/run/sshd", { recursive: true, mode: 0o755 });
}
