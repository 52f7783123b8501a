import { createHash } from "node:crypto";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { startLiar, type Liar } from "../lab/liar.ts";
import { blobAnswer } from "../lab/liar-shelf.ts";
import { runTool, until } from "../lab/processes.ts";
import { useLab } from "../lab/uselab.ts";
import { openShelf, type Shelf } from "./shelf.ts";
import { leftOn, startStage, type Stage, type Verified } from "./stage.ts";

const lab = useLab();
const MOMENTS = 5;

/** Every blob takes about a second at every worker, so that there is a middle to be killed in. */
function slowShelf(liar: Liar): Shelf {
  const shelf = openShelf(liar);
  const honest = blobAnswer(shelf.layer.bytes);
  shelf.answer("all", "blob", (request) => ({ ...honest(request), drip: { bytes: 2500, everyMs: 100 } }));
  return shelf;
}

interface Killed {
  readonly seen: Verified;
  /** Milliseconds after the start. */
  readonly at: number;
}

/** Runs with a DEST and sends the signal after `at` milliseconds. */
async function kill(
  stage: Stage,
  liar: Liar,
  shelf: Shelf,
  signal: NodeJS.Signals,
  at: number,
  cwd: string,
): Promise<Killed> {
  const onStart = (pid: number): void => {
    setTimeout(() => {
      try {
        process.kill(pid, signal);
      } catch {
        // it was faster
      }
    }, at);
  };
  return { seen: await stage.verify(shelf.reference, { liar, flags: ["-o", "oci:out"], onStart }, cwd), at };
}

/** Within a second, says the design; this machine may be busy. */
async function vmsAreClean(stage: Stage): Promise<void> {
  for (const vm of [stage.fra, stage.sgp]) {
    await until("nothing is left on the VM", () => (leftOn(vm).length === 0 ? true : undefined), 2).catch(
      (error: unknown) => {
        throw new Error(`left on a VM: ${leftOn(vm).join("; ").slice(0, 500)}`, { cause: error });
      },
    );
  }
}

async function isComplete(layout: string, shelf: Shelf): Promise<boolean> {
  const raw = await runTool("skopeo", ["inspect", "--raw", `oci:${layout}:v1`]);
  await runTool("skopeo", ["copy", "-q", "--all", `oci:${layout}:v1`, `dir:${layout}.copy`]);
  await rm(`${layout}.copy`, { recursive: true });
  return `sha256:${createHash("sha256").update(raw).digest("hex")}` === shelf.root.digest;
}

function isReleased(stdout: string): boolean {
  const told = JSON.parse(stdout || "null") as { readonly released?: unknown } | null;
  return told?.released != null;
}

const STOPPED = { outcome: null, error: { code: "E_INTERRUPTED" } };
const AGREED_AND_STOPPED = { outcome: "agreed", released: null, releaseError: { code: "E_INTERRUPTED" } };

const isQuarantine = (name: string): boolean => name.startsWith(".tofu3-");

describe.concurrent("ended at any moment by", () => {
  test.each(["SIGKILL", "SIGINT", "SIGTERM"] as const)(
    "%s: DEST is absent or whole, nothing runs on, the next run sweeps",
    async (signal) => {
      const [stage, liar] = await Promise.all([lab(startStage()), lab(startLiar({ vantages: ["fra", "sgp"] }))]);
      const shelf = slowShelf(liar);
      const cwd = await stage.room();
      const whole = await stage.verify(shelf.reference, { liar, flags: ["-o", "oci:out"] }, cwd);
      expect(whole.code, whole.stderr).toBe(0);
      await rm(join(cwd, "out"), { recursive: true });
      let ended = 0;
      for (let number = 0; number < MOMENTS; number++) {
        const moment = ((number + Math.random()) / MOMENTS) * whole.ms;
        const { seen, at } = await kill(stage, liar, shelf, signal, moment, cwd);
        const said = `${signal} after ${Math.round(at)} of about ${Math.round(whole.ms)} ms: ${seen.stderr}`;
        const left = await seen.left();
        const released = left.includes("out");
        // a signal that meets Node while it takes itself down ends it, with everything done and told
        const done = seen.code === 0 || (signal !== "SIGKILL" && isReleased(seen.stdout));
        if (!done) ended += 1;
        if (released) expect(await isComplete(join(cwd, "out"), shelf), said).toBe(true);
        if (signal === "SIGKILL")
          expect([seen.signal, seen.code], said).toEqual(seen.code === 0 ? [null, 0] : ["SIGKILL", null]);
        // killed by the signal itself: Node had not come so far as to listen
        else if (!done && (seen.signal === null || seen.stderr !== "")) {
          expect([seen.signal, seen.code], said).toEqual([null, 130]);
          // a verdict that was there already is told, and that its release was not
          // before the program is loaded nobody knows of --json
          const told = JSON.parse(seen.stdout || "null") as { readonly outcome: string | null } | null;
          if (told !== null) expect(told, said).toMatchObject(told.outcome === null ? STOPPED : AGREED_AND_STOPPED);
          expect(seen.stderr, said).toContain(`tofu3: interrupted by ${signal}; nothing was released\n`);
        }
        if (signal !== "SIGKILL" || done) expect(left, said).toEqual(done ? ["out"] : []);
        else
          expect(
            left.filter((name) => !isQuarantine(name)),
            said,
          ).toEqual(released ? ["out"] : []);
        await vmsAreClean(stage);
        await rm(join(cwd, "out"), { recursive: true, force: true });
      }
      expect(ended).toBeGreaterThan(0);
      const next = await stage.verify(shelf.reference, { liar, flags: ["-o", "oci:out"] }, cwd);
      expect(next.code, next.stderr).toBe(0);
      expect(await next.left()).toEqual(["out"]);
      expect(await isComplete(join(cwd, "out"), shelf)).toBe(true);
    },
  );

  test.each(["SIGKILL", "SIGINT"] as const)("%s while every blob hangs: nothing hangs on", async (signal) => {
    const [stage, liar] = await Promise.all([lab(startStage()), lab(startLiar({ vantages: ["fra", "sgp"] }))]);
    const shelf = openShelf(liar);
    shelf.answer("all", "blob", { body: shelf.layer.bytes, cutAt: 3000, then: "stall" });
    const cwd = await stage.room();
    const hanging = (): number =>
      liar.requests.filter((each) => each.target === shelf.path("blob") && each.sent === 3000).length;
    const hung = until("three blobs hang", () => (hanging() === 3 ? true : undefined), 30);
    let pid = 0;
    const onStart = (id: number): void => void (pid = id);
    const [seen] = await Promise.all([
      stage.verify(shelf.reference, { liar, flags: ["-o", "oci:out"], onStart }, cwd),
      hung.then(() => {
        expect([stage.fra, stage.sgp].map((vm) => leftOn(vm).some((each) => /\bcurl -q\b/.test(each)))).toEqual([
          true,
          true,
        ]);
        process.kill(pid, signal);
      }),
    ]);
    expect([seen.signal, seen.code]).toEqual(signal === "SIGKILL" ? ["SIGKILL", null] : [null, 130]);
    await vmsAreClean(stage);
    await until("the registry sees them go", () => (liar.openConnections() === 0 ? true : undefined), 2);
    shelf.answer("all", "blob", blobAnswer(shelf.layer.bytes));
    const next = await stage.verify(shelf.reference, { liar, flags: ["-o", "oci:out"] }, cwd);
    expect(next.code, next.stderr).toBe(0);
    expect(await next.left()).toEqual(["out"]);
  });
});
