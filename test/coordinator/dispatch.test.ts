import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { judge } from "../../src/consensus/judge.ts";
import { dispatch, GRACE_MS } from "../../src/coordinator/dispatch.ts";
import type { Job } from "../../src/model/job.ts";
import type { Observation } from "../../src/model/observation.ts";
import { parsePlatform } from "../../src/oci/platform.ts";
import type { Transport } from "../../src/http/transport.ts";
import { fakeTransport } from "../worker/faketransport.ts";
import { BASE, descriptor, imageFor, indexOf, jobOf, page, serve, vantageOf } from "../worker/fixtures.ts";

const amd = imageFor("linux/amd64", "amd layer");
const arm = imageFor("linux/arm64", "arm layer");
const index = indexOf([descriptor(amd.manifest, { platform: { os: "linux", architecture: "amd64" } })]);
const otherIndex = indexOf([descriptor(arm.manifest)]);
const other = [otherIndex, ...arm.all];
const truth = [index, ...amd.all];

/** Answers nothing, and ends when it is told to. */
function silence(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason as Error));
    if (signal.aborted) reject(signal.reason as Error);
  });
}

function honest(things: Parameters<typeof serve>[0] = truth): Transport {
  return fakeTransport(serve(things));
}

/** Everything but what this word stands in. */
function silentAt(word: string, things = truth): Transport {
  const transport = fakeTransport(serve(things));
  return {
    ...transport,
    read: (query, signal) => (query.url.includes(word) ? silence(signal) : transport.read(query, signal)),
    measure: (query, signal) => (query.url.includes(word) ? silence(signal) : transport.measure(query, signal)),
  };
}

const silentVms: readonly { what: string; vm: () => Transport }[] = [
  { what: "does not open", vm: () => ({ ...honest(), open: silence }) },
  { what: "does not answer", vm: () => silentAt("/v2/") },
  { what: "does not end", vm: () => ({ ...honest(), end: () => new Promise<never>(() => undefined) }) },
  {
    what: "neither answers nor ends",
    vm: () => ({ ...silentAt("/v2/"), end: () => new Promise<never>(() => undefined) }),
  },
  { what: "drips its manifest", vm: () => silentAt(amd.manifest.digest) },
  { what: "drips its layer", vm: () => silentAt("/blobs/") },
];

const NAMES = ["here", "fra", "sgp"] as const;

function look(
  transports: readonly Transport[],
  job: Job = jobOf(undefined, {}, { totalSeconds: 7200 }),
): Promise<readonly Observation[]> {
  const vantages = transports.map((transport, at) => vantageOf(transport, { name: NAMES[at] ?? "" }));
  return dispatch(
    job,
    vantages,
    { keep: null, admit: null, witness: null, watch: () => undefined },
    new AbortController().signal,
  );
}

describe("an alarm waits for nobody", { timeout: 10_000 }, () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] }));
  afterEach(() => void vi.useRealTimers());

  test.each(silentVms)("two roots differ and the third VM $what: the verdict comes after the grace", async ({ vm }) => {
    const looking = look([honest(other), vm(), honest()]);
    await vi.advanceTimersByTimeAsync(GRACE_MS + 2000);
    const observations = await looking;
    expect(judge(observations).outcome).toBe("disagreed");
    expect(observations.map((each) => each.digest)).toEqual([otherIndex.digest, observations[1]?.digest, index.digest]);
    expect(observations[1]?.error?.code).toBe("E_STOPPED");
  });

  test("the same root under two types is an alarm as well", async () => {
    const mediaType = "application/vnd.docker.distribution.manifest.list.v2+json";
    const renamed = { ...serve(truth), [`${BASE}/manifests/1`]: page({ ...index, mediaType }) };
    const looking = look([fakeTransport(renamed), silentAt("/v2/"), honest()]);
    await vi.advanceTimersByTimeAsync(GRACE_MS + 2000);
    const observations = await looking;
    expect(judge(observations).outcome).toBe("disagreed");
    expect(observations[1]?.error?.code).toBe("E_STOPPED");
  });

  test.each(silentVms)(
    "one is served false bytes and the third VM $what: the verdict comes after the grace",
    async ({ vm }) => {
      const liar = fakeTransport({ ...serve(truth), [`${BASE}/blobs/${amd.config.digest}`]: { body: "other" } });
      const looking = look([liar, vm(), honest()]);
      await vi.advanceTimersByTimeAsync(GRACE_MS + 2000);
      const observations = await looking;
      expect(judge(observations).outcome).toBe("disagreed");
      expect(observations.map((each) => each.error?.code)).toEqual(["E_MISMATCH", "E_STOPPED", undefined]);
    },
  );

  test("who is slow and not stopped yet is in the report", async () => {
    const slow = honest();
    const late: Transport = {
      ...slow,
      open: (signal) => new Promise((resolve) => setTimeout(() => resolve(slow.open(signal)), GRACE_MS / 2)),
    };
    const looking = look([honest(other), late, honest()]);
    await vi.advanceTimersByTimeAsync(GRACE_MS);
    expect((await looking).map((each) => each.digest)).toEqual([otherIndex.digest, index.digest, index.digest]);
  });

  test("where nobody contradicts anybody, a slow worker has all its time", async () => {
    let settled = false;
    const slow = honest();
    const late: Transport = {
      ...slow,
      open: (signal) => new Promise((resolve) => setTimeout(() => resolve(slow.open(signal)), 3_600_000)),
    };
    const looking = look([honest(), late, honest()]).finally(() => (settled = true));
    await vi.advanceTimersByTimeAsync(3_599_000);
    expect(settled).toBe(false);
    await vi.advanceTimersByTimeAsync(2000);
    expect(judge(await looking).outcome).toBe("agreed");
  });
});

test("a wrong selection stops the blobs of everybody and nobody's root", async () => {
  const platform = parsePlatform("linux/amd64");
  // the one that is asked second is slower than the one for which nothing matches
  const slow = honest([index, ...amd.all]);
  const late: Transport = {
    ...slow,
    open: async (signal) => (await new Promise((resolve) => setTimeout(resolve, 50)), slow.open(signal)),
  };
  const observations = await look([honest(arm.all), late, honest(arm.all)], jobOf(undefined, { platform }));
  expect(observations.map((each) => each.error?.code)).toEqual(["E_SELECTION", "E_STOPPED", "E_SELECTION"]);
  expect(observations.map((each) => each.digest)).toEqual([arm.manifest.digest, index.digest, arm.manifest.digest]);
  expect(judge(observations).outcome).toBe("disagreed");
});
