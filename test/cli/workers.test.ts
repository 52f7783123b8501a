import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { renderWorkers } from "../../src/cli/commands/workers.ts";
import { main } from "../../src/cli/main.ts";
import type { WorkerReport } from "../../src/coordinator/check.ts";
import { startDemo, type Demo } from "../../src/demo/demo.ts";
import { PLAIN } from "../../src/report/paint.ts";
import { SCRIPT_FILE } from "../../src/ssh/script/script.ts";
import { expectGolden } from "../report/golden.ts";
import { capture } from "./capture.ts";

function report(worker: string, changes: Partial<WorkerReport> = {}): WorkerReport {
  return {
    worker,
    via: "ssh",
    state: "usable",
    reachable: true,
    hostKey: "SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    roundTripMs: 41,
    os: "Linux 6.1.0",
    curl: "curl 7.88.1",
    hashTool: "openssl",
    clockOffsetMs: 0,
    machine: "a".repeat(64),
    boot: null,
    signer: null,
    exit: null,
    lacks: [],
    warnings: [],
    error: null,
    ...changes,
  };
}

const NOTHING = {
  hostKey: null,
  roundTripMs: null,
  os: null,
  curl: null,
  hashTool: null,
  clockOffsetMs: null,
  machine: null,
};

test("the table says of each worker what it is, and below it what to do", () => {
  const all = [
    report("here", {
      via: "local",
      hostKey: null,
      roundTripMs: null,
      curl: null,
      hashTool: "node:crypto",
      clockOffsetMs: null,
    }),
    report("fra", {
      state: "lacking",
      clockOffsetMs: -90_000,
      warnings: [{ what: "its clock is -90 s off", todo: "set it: timedatectl set-ntp true" }],
      lacks: [{ what: "no curl", todo: "install it on the VM: apt-get install curl" }],
      curl: null,
    }),
    report("sgp", {
      ...NOTHING,
      state: "login-refused",
      reachable: false,
      error: { code: "E_SSH", stage: "ssh", message: "cannot connect: connection refused", hint: "is sshd running?" },
    }),
    report("evil", { hostKey: `SHA256:${"B".repeat(42)}A`, os: "\u001b[2J\u202e", machine: "b".repeat(64) }),
  ];
  expectGolden("workers.txt", renderWorkers(all, { distinct: [] }, PLAIN));
  expect(renderWorkers(all, { distinct: ["machine"] }, PLAIN)).toMatch(
    /^fra and here have one machine identity: give each/m,
  );
});

describe("tofu3 workers check", () => {
  let folder: string;
  let demo: Demo;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "tofu3-test-"));
    demo = await startDemo({ tamper: false }, new AbortController().signal);
    await writeFile(join(folder, "demo.yaml"), demo.yaml);
  });
  afterAll(async () => {
    await demo.stop();
    await rm(folder, { recursive: true });
  });

  async function check(flags: string, config = "demo.yaml") {
    const io = capture(folder);
    const code = await main(
      ["workers", "check", "--config", config, ...flags.split(" ").filter(Boolean)],
      io,
      new AbortController().signal,
    );
    return { code, out: io.out(), err: io.err() };
  }

  test("reaches real VMs, exits with 0, and notices that they are one machine", async () => {
    const { code, out, err } = await check("");
    expect({ code, err }).toEqual({ code: 0, err: "tofu3: reaching here, fra and sgp\n" });
    expect(out).toMatch(
      /^fra {5}ssh {4}usable +\d+ ms +0\.0 s {2}Linux \S+ +curl [\d.]+ +(openssl|sha256sum|shasum) +[0-9a-f]{12}… {2}SHA256:\S{43}/m,
    );
    expect(out).toContain("warning: fra, here and sgp are the same machine");
    expect(out.trimEnd().split("\n").at(-1)).toBe("3 of 3 workers usable");
  });

  test("--json is one object with every worker", async () => {
    const { out } = await check("--json -q");
    const all = JSON.parse(out) as { workers: { worker: string }[]; sameMachine: unknown };
    expect(all.workers.map(({ worker }) => worker)).toEqual(["here", "fra", "sgp"]);
    expect(all.sameMachine).toEqual([["fra", "here", "sgp"]]);
  });

  test("exits with 12 when one cannot be reached, and -q says so on stderr only", async () => {
    await writeFile(join(folder, "dead.yaml"), demo.yaml.replace(/port: \d+/, "port: 1"));
    const { code, out } = await check("", "dead.yaml");
    expect(code).toBe(12);
    expect(out).toMatch(/^fra {5}ssh {4}unreachable/m);
    expect(out).toMatch(/^fra: .*refused/m);
    expect(out.trimEnd().split("\n").at(-1)).toBe("2 of 3 workers usable");
    const quiet = await check("-q", "dead.yaml");
    expect(quiet).toMatchObject({ code: 12, out: "" });
    expect(quiet.err).toMatch(/^tofu3: fra: .*refused/);
  });

  test("without a configuration it exits with 2", async () => {
    const io = capture(folder);
    expect(await main(["workers", "check"], io, new AbortController().signal)).toBe(2);
    expect(io.err()).toContain("tofu3 demo");
  });
});

test("tofu3 workers script prints the script that is sent, as a file with its version", async () => {
  const io = capture("/");
  expect(await main(["workers", "script"], io, new AbortController().signal)).toBe(0);
  expect({ out: io.out(), err: io.err() }).toEqual({ out: SCRIPT_FILE, err: "" });
});
