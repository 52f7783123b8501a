import { subjectOf } from "../../src/model/subject.ts";
import { spawn, spawnSync } from "node:child_process";
import {
  appendFileSync,
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import type { SeenObject } from "../../src/model/observation.ts";
import { parseDestination } from "../../src/release/destination.ts";
import { openQuarantine, type Quarantine } from "../../src/release/quarantine/quarantine.ts";
import { release } from "../../src/release/release.ts";
import { fill, gzipLayer, image, sha, single } from "./fixture.ts";
import { mint, put } from "./mint.ts";
import { leftovers, listing, temporary } from "./tools.ts";

const a = await gzipLayer({ "etc/a": "a" });
const b = await gzipLayer({ "etc/b": Buffer.alloc(3_000_000, "b") });
const hello = single("docker.io/library/hello:1.2", image([a, b]));
const one = single("docker.io/library/one:1", image([b]));
const FORMATS = ["oci", "oci-archive", "docker-archive", "docker-v1", "file"] as const;
const fitting = (format: string) => (format === "file" ? one : hello);
const signal = new AbortController().signal;

/** A filled quarantine, something done to it, a release that must fail, and then nothing but what was there before. */
async function spoiled(
  format: string,
  spoil: (quarantine: Quarantine, dir: string) => void,
  change: (objects: readonly SeenObject[]) => readonly SeenObject[] = (objects) => objects,
) {
  const dir = temporary();
  const artifact = fitting(format);
  const destination = parseDestination(`${format}:${dir}/out`, false, "/");
  const quarantine = await openQuarantine(destination);
  await fill(quarantine, artifact);
  spoil(quarantine, dir);
  let error: unknown = null;
  try {
    await release(mint(change(artifact.objects)), quarantine, destination, {
      subject: subjectOf(artifact.reference),
      unpackedBytes: 2 ** 40,
      signal,
    });
  } catch (thrown) {
    error = thrown;
  }
  await quarantine.discard();
  return { dir, error };
}

describe.each(FORMATS)("%s: what is in the quarantine is not what was agreed on", (format) => {
  const tricks: Record<string, (path: string) => void> = {
    "a byte is flipped": (path) => writeFileSync(path, flip(readFileSync(path))),
    "the last byte is cut": (path) => truncateSync(path, lstatSync(path).size - 1),
    "a byte is added": (path) => appendFileSync(path, "x"),
    "it is empty": (path) => truncateSync(path, 0),
    "it is gone": (path) => unlinkSync(path),
    "it is a symbolic link to the right bytes": (path) => {
      renameSync(path, `${path}.real`);
      symlinkSync(`${path}.real`, path);
    },
    "it has a second name": (path) => linkSync(path, `${path}.second`),
    "it is a fifo": (path) => (unlinkSync(path), spawnSync("mkfifo", [path])),
    "it is a directory": (path) => {
      unlinkSync(path);
      mkdirSync(path);
    },
  };
  function flip(bytes: Buffer): Buffer {
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
    return bytes;
  }
  const targets = (
    format === "file"
      ? ["manifest", "layer"]
      : format === "oci" || format === "oci-archive"
        ? ["manifest", "config", "layer"]
        : ["manifest", "config", "layer"]
  ) as readonly string[];
  const rows = targets.flatMap((role) => Object.keys(tricks).map((trick) => ({ role, trick })));

  test.each(rows)("$role: $trick", async ({ role, trick }) => {
    const { dir, error } = await spoiled(format, (quarantine) => {
      const digest = fitting(format).objects.findLast((object) => object.role === role)?.digest ?? sha("");
      tricks[trick]?.(quarantine.blob(digest));
    });
    expect(error).toMatchObject({ code: "E_RELEASE", hint: expect.any(String) as string });
    expect(readdirSync(dir)).toEqual([]);
  });

  test("the quarantine was replaced by a directory with the same content", async () => {
    const { dir, error } = await spoiled(format, (quarantine) => {
      spawnSync("cp", ["-a", quarantine.path, `${quarantine.path}x`]);
      rmSync(quarantine.path, { recursive: true });
      renameSync(`${quarantine.path}x`, quarantine.path);
    });
    expect(error).toMatchObject({ code: "E_RELEASE" });
    expect(existsSync(`${dir}/out`)).toBe(false);
  });

  test("the directory of the destination is replaced by a link to another", async () => {
    const { dir, error } = await spoiled(format, (_, parent) => {
      renameSync(parent, `${parent}.moved`);
      onTestFinished(() => rmSync(`${parent}.moved`, { recursive: true }));
      mkdirSync(`${parent}.evil`);
      onTestFinished(() => rmSync(`${parent}.evil`, { recursive: true }));
      symlinkSync(`${parent}.evil`, parent);
    });
    expect(error).toMatchObject({ code: "E_RELEASE" });
    expect(readdirSync(`${dir}.evil`)).toEqual([]);
    expect(existsSync(`${dir}.moved/out`)).toBe(false);
  });

  test("an object that a document names was not agreed on", async () => {
    const { dir, error } = await spoiled(
      format,
      () => undefined,
      (objects) => objects.filter(({ role }) => role !== "layer"),
    );
    expect(error).toMatchObject({ code: "E_BUG" });
    expect(readdirSync(dir)).toEqual([]);
  });

  test("an object is said to be agreed on with other bytes", async () => {
    const { dir, error } = await spoiled(
      format,
      () => undefined,
      (objects) =>
        objects.map((object, place) => (place === objects.length - 1 ? { ...object, computed: sha("other") } : object)),
    );
    expect(error).toMatchObject({ code: "E_BUG" });
    expect(readdirSync(dir)).toEqual([]);
  });

  test.each(["a file", "a directory", "a dangling link", "a fifo"])(
    "%s appears at the destination while the workers look",
    async (what) => {
      const { dir, error } = await spoiled(format, (_, parent) => {
        if (what === "a file") writeFileSync(`${parent}/out`, "mine");
        if (what === "a directory") mkdirSync(`${parent}/out`);
        if (what === "a directory") writeFileSync(`${parent}/out/x`, "mine");
        if (what === "a dangling link") symlinkSync("/nowhere/at/all", `${parent}/out`);
        if (what === "a fifo") spawnSync("mkfifo", [`${parent}/out`]);
      });
      if (format === "file" && what === "a directory")
        expect(error).toMatchObject({
          code: "E_DESTINATION",
          message: expect.stringContaining("no file name") as string,
        });
      else expect(error).toMatchObject({ code: "E_DESTINATION" });
      expect(readdirSync(dir)).toEqual(["out"]);
      if (what === "a file") expect(readFileSync(`${dir}/out`, "utf8")).toBe("mine");
      if (what === "a directory") expect(readdirSync(`${dir}/out`)).toEqual(["x"]);
    },
  );

  test("stopped by the signal: nothing is released", async () => {
    const dir = temporary();
    const destination = parseDestination(`${format}:${dir}/out`, false, "/");
    const quarantine = await openQuarantine(destination);
    await fill(quarantine, fitting(format));
    const controller = new AbortController();
    const running = release(mint(fitting(format).objects), quarantine, destination, {
      subject: subjectOf(hello.reference),
      unpackedBytes: 2 ** 40,
      signal: controller.signal,
    });
    controller.abort(new Error("stopped"));
    await expect(running).rejects.toThrow("stopped");
    await quarantine.discard();
    expect(readdirSync(dir)).toEqual([]);
  });

  test("ten at the same time on one destination: one wins, and what it made is whole", async () => {
    const dir = temporary();
    const runs = await Promise.allSettled(
      Array.from({ length: 10 }, () => put(fitting(format), `${format}:${dir}/out`)),
    );
    expect(runs.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    for (const run of runs)
      if (run.status === "rejected")
        expect(run.reason).toMatchObject({ code: expect.stringMatching(/E_DESTINATION|E_RELEASE/) as string });
    await put(fitting(format), `${format}:${dir}/again`);
    if (lstatSync(`${dir}/out`).isDirectory()) expect(listing(`${dir}/out`)).toEqual(listing(`${dir}/again`));
    else expect(readFileSync(`${dir}/out`).equals(readFileSync(`${dir}/again`))).toBe(true);
    expect(leftovers(dir)).toEqual([]);
  });
});

describe("the quarantine", () => {
  const destination = (dir: string) => parseDestination(`oci:${dir}/out`, false, "/");

  test("is readable by its user only, whatever the umask, and holds documents once", async () => {
    const dir = temporary();
    const before = process.umask(0);
    onTestFinished(() => void process.umask(before));
    const quarantine = await openQuarantine(destination(dir));
    await fill(quarantine, hello);
    await fill(quarantine, single("x/y:1", image([])));
    expect(lstatSync(quarantine.path).mode & 0o777).toBe(0o700);
    expect(listing(quarantine.path).filter((line) => !/ (600 [0-9a-f]{64}|700 directory)$/.test(line))).toEqual([]);
    expect(quarantine.blob(a.digest)).toBe(quarantine.blob(a.digest));
    await quarantine.discard();
    await quarantine.discard();
    expect(readdirSync(dir)).toEqual([]);
  });

  test("does not write through a link that is there already", async () => {
    const dir = temporary();
    const quarantine = await openQuarantine(destination(dir));
    symlinkSync(`${dir}/victim`, quarantine.blob(a.digest));
    await quarantine.document(a.digest, a.bytes);
    expect(existsSync(`${dir}/victim`)).toBe(false);
    await quarantine.discard();
  });

  test("of a live process stays, of a dead one goes", async () => {
    const dir = temporary();
    const live = await openQuarantine(destination(dir));
    const name = live.path.slice(dir.length + 1);
    const start = /-(\d+)-(?=[0-9a-f]{8}-)/.exec(name)?.[1] ?? "";
    const dead = {
      "another start time": name.replace(`-${start}-`, `-${Number(start) + 1}-`),
      "no such process": name.replace(/-\d+-/, "-4194399-"),
    };
    for (const each of Object.values(dead)) spawnSync("cp", ["-a", live.path, join(dir, each)]);
    expect(leftovers(dir)).toHaveLength(3);
    const next = await openQuarantine(destination(dir));
    expect(leftovers(dir).sort()).toEqual([name, next.path.slice(dir.length + 1)].sort());
    await next.discard();
    await live.discard();
  });

  test("of a process that waits to be reaped goes", async () => {
    const dir = temporary();
    const live = await openQuarantine(destination(dir));
    // a shell that starts a child, never waits for it, and says its id
    const shell = spawn("sh", ["-c", "sh -c 'echo $$' & exec sleep 30"], { stdio: ["ignore", "pipe", "inherit"] });
    onTestFinished(() => void shell.kill("SIGKILL"));
    const pid = await new Promise<string>((resolve) =>
      shell.stdout.once("data", (chunk: Buffer) => resolve(chunk.toString().trim())),
    );
    await new Promise((resolve) => setTimeout(resolve, 100));
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8").split(" ");
    expect(stat[2]).toBe("Z");
    renameSync(live.path, live.path.replace(/-\d+-\d+-/, `-${pid}-${stat[21] ?? ""}-`));
    await (await openQuarantine(destination(dir))).discard();
    expect(readdirSync(dir)).toEqual([]);
  });

  test.each([
    { hours: 1, stays: true },
    { hours: 25, stays: false },
  ])("of another machine that was last written $hours hours ago: stays $stays", async ({ hours, stays }) => {
    const dir = temporary();
    const live = await openQuarantine(destination(dir));
    const foreign = live.path.replace(/-[0-9a-f]{8}-/, "-00000001-");
    renameSync(live.path, foreign);
    const then = Date.now() / 1000 - hours * 3600;
    for (const each of [
      ...readdirSync(foreign, { recursive: true }).map((name) => join(foreign, String(name))),
      foreign,
    ])
      utimesSync(each, then, then);
    await (await openQuarantine(destination(dir))).discard();
    expect(existsSync(foreign)).toBe(stays);
  });

  test.runIf(process.getuid?.() === 0)("of another user stays", async () => {
    const dir = temporary();
    const live = await openQuarantine(destination(dir));
    const other = live.path.replace(/-\d+-\d+-/, "-4194399-1-");
    renameSync(live.path, other);
    spawnSync("chown", ["-R", "65534", other]);
    await (await openQuarantine(destination(dir))).discard();
    expect(existsSync(other)).toBe(true);
  });

  test("a link with the name of a quarantine is not followed", async () => {
    const dir = temporary();
    mkdirSync(`${dir}/victim`);
    writeFileSync(`${dir}/victim/x`, "mine");
    symlinkSync(`${dir}/victim`, `${dir}/.tofu3-4194399-1-00000000-000000000000`);
    await (await openQuarantine(destination(dir))).discard();
    expect(readFileSync(`${dir}/victim/x`, "utf8")).toBe("mine");
  });

  test.each([
    { there: false, text: "the old one comes back" },
    { there: true, text: "the new one stays" },
  ])("a crash while --force replaced a layout: $text", async ({ there }) => {
    const dir = temporary();
    const live = await openQuarantine(destination(dir));
    const dead = live.path.replace(/-\d+-\d+-/, "-4194399-1-");
    renameSync(live.path, dead);
    mkdirSync(join(dead, "aside/out"));
    writeFileSync(join(dead, "aside/out/x"), "old");
    if (there) mkdirSync(`${dir}/out`);
    if (there) writeFileSync(`${dir}/out/x`, "new");
    await openQuarantine(destination(dir)).then(
      (quarantine) => quarantine.discard(),
      () => undefined,
    );
    expect(readFileSync(`${dir}/out/x`, "utf8")).toBe(there ? "new" : "old");
    expect(leftovers(dir)).toEqual([]);
  });

  test.runIf(process.getuid?.() === 0)(
    "a directory that may not be written in is refused before anything is downloaded",
    () => {
      const dir = temporary();
      mkdirSync(`${dir}/locked`);
      chmodSync(`${dir}/locked`, 0o555);
      chmodSync(dir, 0o755);
      const script = `import(${JSON.stringify(join(import.meta.dirname, "../../dist/release/destination.js"))}).then(async (m) => { try { await m.checkDestination(m.parseDestination("oci:${dir}/locked/out", false, "/")); console.log("accepted"); } catch (error) { console.log(error.code, error.message); } })`;
      const { stdout } = spawnSync(process.execPath, ["-e", script], { uid: 65534, gid: 65534, encoding: "utf8" });
      expect(stdout).toMatch(/^E_DESTINATION .*not writable/);
    },
  );
});
