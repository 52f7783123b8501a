import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { parseDestination } from "../../src/release/destination.ts";
import { openQuarantine } from "../../src/release/quarantine/quarantine.ts";
import { childOf, runChild, type Child } from "./child.ts";
import { gzipLayer, image, single } from "./fixture.ts";
import { put } from "./mint.ts";
import { leftovers, listing, temporary } from "./tools.ts";

const noise = randomBytes(400_000);
const small = single("localhost:5000/x:1", image([await gzipLayer({ a: "a" })]));
const large = single(
  "localhost:5000/x:1",
  image([await gzipLayer({ a: noise }), await gzipLayer({ b: noise.subarray(1) }), await gzipLayer({ c: "c" })]),
);
const largeBlob = single("localhost:5000/x:1", image([await gzipLayer({ a: noise })]));
const earlier = single("localhost:5000/x:0", image([await gzipLayer({ old: "old" })]));
const FORMATS = ["oci", "oci-archive", "docker-archive", "docker-v1", "file"] as const;

/** What is at a destination, as one text; null where nothing is. */
function contentAt(path: string): string | null {
  if (!existsSync(path)) return null;
  return lstatSync(path).isDirectory() ? listing(path).join("\n") : readFileSync(path, "base64");
}

let home = "";
const whole = new Map<string, string | null>();
let smallChild: Child, largeChild: Child, blobChild: Child;

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), "tofu3-test-crash-"));
  for (const name of ["small", "large", "blob"]) mkdirSync(join(home, name));
  smallChild = childOf(join(home, "small"), small);
  largeChild = childOf(join(home, "large"), large);
  blobChild = childOf(join(home, "blob"), largeBlob);
  for (const format of FORMATS) {
    for (const [name, artifact] of Object.entries({ small, large: format === "file" ? largeBlob : large, earlier })) {
      await put(artifact, `${format}:${home}/${name}-${format}`);
      whole.set(`${name} ${format}`, contentAt(`${home}/${name}-${format}`));
    }
  }
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

/** After a crash: absent, the old one or the whole new one; never anything else. Then the next run puts it in order. */
async function expectSound(
  dir: string,
  format: string,
  name: string,
  force: boolean,
): Promise<"old" | "new" | "absent"> {
  for (const leftover of leftovers(dir)) expect(lstatSync(join(dir, leftover)).mode & 0o777).toBe(0o700);
  const quarantine = await openQuarantine(parseDestination(`${format}:${dir}/other`, false, "/"));
  await quarantine.discard();
  expect(leftovers(dir)).toEqual([]);
  const content = contentAt(`${dir}/out`);
  const state =
    content === null
      ? "absent"
      : content === whole.get(`${name} ${format}`)
        ? "new"
        : content === whole.get(`earlier ${format}`)
          ? "old"
          : content;
  expect(state).toBeOneOf(force ? ["old", "new"] : ["absent", "new"]);
  if (format === "docker-archive" && existsSync(`${dir}/out.digest`)) {
    const note = readFileSync(`${dir}/out.digest`, "utf8");
    expect(note).toContain(state === "old" ? "localhost:5000/x:0@" : "localhost:5000/x:1@");
  }
  expect(readdirSync(dir).filter((each) => !["out", "out.digest"].includes(each))).toEqual([]);
  return state as "old" | "new" | "absent";
}

describe("kill -9 at random moments", () => {
  test.each(FORMATS.flatMap((format) => [false, true].map((force) => ({ format, force }))))(
    "$format, force $force",
    async ({ format, force }) => {
      const child = format === "file" ? blobChild : largeChild;
      const rounds = Date.now() + 4000;
      const probe = temporary();
      const { ms, last } = await runChild(child.command(`${format}:${probe}/out`, false), null);
      expect(last).toBe("done");
      const states = new Map<string, number>();
      for (let round = 0; round < 12 && (round < 3 || Date.now() < rounds); round += 1) {
        const dir = temporary();
        if (force) await put(earlier, `${format}:${dir}/out`);
        const ended = await runChild(child.command(`${format}:${dir}/out`, force), (ms * 1.1 * round) / 11);
        const state = await expectSound(dir, format, "large", force);
        if (ended.last === "done") expect(state).toBe("new");
        states.set(state, (states.get(state) ?? 0) + 1);
      }
      expect(states.size).toBeGreaterThan(0);
    },
  );
});

const traced = spawnSync("strace", ["-qq", "-e", "trace=none", "true"]).status === 0;

describe.runIf(traced)("at every call that changes the disk", () => {
  async function inject(call: string, what: string, place: number, format: string, force: boolean) {
    const dir = temporary();
    if (force) await put(earlier, `${format}:${dir}/out`);
    const strace = [
      "strace",
      "-f",
      "-qq",
      "-o",
      "/dev/null",
      "--seccomp-bpf",
      "-e",
      `trace=${call}`,
      "-e",
      `inject=${call}:${what}:when=${place}`,
    ];
    const ended = await runChild([...strace, ...smallChild.command(`${format}:${dir}/out`, force)], null);
    return { dir, ended };
  }

  const rows = (["oci", "docker-archive", "file"] as const).flatMap((format) =>
    [false, true].map((force) => ({ format, force })),
  );
  test.each(rows)("kill -9: $format, force $force", { timeout: 240_000 }, async ({ format, force }) => {
    const seen = new Set<string>();
    for (const call of ["mkdir", "rename", "link", "unlink", "fsync", "fchmod"]) {
      for (let place = 1; place < 40; place += 1) {
        const { dir, ended } = await inject(call, "signal=SIGKILL", place, format, force);
        seen.add(await expectSound(dir, format, "small", force));
        rmSync(dir, { recursive: true });
        if (ended.last === "done" && ended.signal === null) break;
      }
    }
    expect(seen).toEqual(new Set(force ? ["old", "new"] : ["absent", "new"]));
  });

  test.each([
    { format: "oci", files: 3, name: "rename", child: () => smallChild },
    { format: "oci-archive", files: 0, name: "link", child: () => smallChild },
    { format: "file", files: 1, name: "link", child: () => smallChild },
  ])(
    "$format: everything is on the disk before it gets its name, the name thereafter",
    async ({ format, files, name, child }) => {
      const dir = temporary();
      const log = join(temporary(), "log");
      const strace = ["strace", "-f", "-qq", "-y", "-o", log, "-e", "trace=fsync,rename,link"];
      expect((await runChild([...strace, ...child().command(`${format}:${dir}/out`, false)], null)).last).toBe("done");
      const calls = readFileSync(log, "utf8").split("\n");
      const named = calls.findIndex((line) => line.includes(` ${name}(`) && line.includes(`"${dir}/out"`));
      expect(named).toBeGreaterThan(0);
      const synced = calls.slice(0, named).filter((line) => line.includes(" fsync("));
      expect(synced.filter((line) => /blobs\/sha256\/[0-9a-f]{64}>/.test(line))).toHaveLength(files);
      if (format === "oci")
        for (const each of ["oci-layout", "index.json", "blobs/sha256", "blobs", "staged"])
          expect(synced.some((line) => line.includes(`${each}>`))).toBe(true);
      if (format === "oci-archive") expect(synced.some((line) => line.includes("staged>"))).toBe(true);
      expect(calls.slice(named).filter((line) => line.includes(" fsync(") && line.includes(`<${dir}>`))).toHaveLength(
        1,
      );
    },
  );

  const faults = [
    { errno: "ENOSPC", calls: ["mkdir", "link", "write"], format: "docker-archive" },
    { errno: "ENOSPC", calls: ["mkdir", "write"], format: "oci" },
    { errno: "EDQUOT", calls: ["mkdir", "link"], format: "file" },
    { errno: "EIO", calls: ["rename", "fsync", "fchmod"], format: "oci" },
    { errno: "EIO", calls: ["link", "fsync", "fchmod"], format: "docker-archive" },
    { errno: "EIO", calls: ["pread64"], format: "oci" },
    { errno: "EPERM", calls: ["link"], format: "file" },
    { errno: "EXDEV", calls: ["rename"], format: "oci" },
  ];
  test.each(faults)(
    "$errno at $calls: $format is not there, nor is a quarantine",
    { timeout: 240_000 },
    async ({ errno, calls, format }) => {
      const faced = new Set<string>();
      for (const call of calls) {
        // the dynamic linker reads in this way before anybody else does
        for (let place = 1; place < (call === "pread64" ? 90 : 30); place += 1) {
          const { dir, ended } = await inject(call, `error=${errno}`, place, format, false);
          if (ended.last === "done") {
            expect(contentAt(`${dir}/out`)).toBe(whole.get(`small ${format}`));
            rmSync(dir, { recursive: true });
            break;
          }
          // writes to its standard output and to its own event loop are counted too
          if (ended.last.startsWith("E_")) faced.add(ended.last.split(" ")[0] ?? "");
          expect(`${call} ${place} ${ended.last}: ${String(contentAt(`${dir}/out`))}`).toMatch(/: null$/);
          expect(readdirSync(dir)).toEqual([]);
          rmSync(dir, { recursive: true });
        }
      }
      expect([...faced]).toEqual([errno === "EPERM" || errno === "EXDEV" ? "E_RELEASE" : "E_DISK"]);
    },
  );
});

describe.runIf(process.getuid?.() === 0)("a full disk (tmpfs, needs root)", () => {
  function mounted(kilobytes: number): string | null {
    const dir = temporary();
    if (spawnSync("mount", ["-t", "tmpfs", "-o", `size=${kilobytes}k`, "tmpfs", dir]).status !== 0) return null;
    onTestFinished(() => void spawnSync("umount", [dir]));
    return dir;
  }

  test.for(FORMATS)("%s at every size", async (format, context) => {
    const artifact = format === "file" ? largeBlob : large;
    const results = new Set<string>();
    for (let size = 64; size <= 4096; size = Math.ceil(size * 1.25)) {
      const dir = mounted(size);
      if (dir === null) return context.skip("a tmpfs cannot be mounted here");
      const code = await put(artifact, `${format}:${dir}/out`).then(
        () => "released",
        (error: unknown) => (error instanceof Error && "code" in error ? String(error.code) : String(error)),
      );
      results.add(code);
      if (code === "released") expect(contentAt(`${dir}/out`)).toBe(whole.get(`large ${format}`));
      // ENOSPC itself comes from the test that fills the quarantine
      else expect([code, readdirSync(dir)]).toEqual([expect.stringMatching(/^(E_DISK|ENOSPC)$/), []]);
      spawnSync("umount", [dir]);
    }
    expect(results).toContain("released");
    expect([...results].some((code) => code !== "released")).toBe(true);
  });
});
