import { expect, test } from "vitest";
import { makeImage, type Image } from "../../lab/image.ts";
import { relay } from "../../lab/liar-relay.ts";
import { until } from "../../lab/processes.ts";
import { pushDocument, pushExactly, pushIndex } from "../../lab/push.ts";
import { startRegistry } from "../../lab/registry.ts";
import { startSshd } from "../../lab/sshd.ts";
import { useLab } from "../../lab/uselab.ts";
import { openWay, told, wishes, type Way, type WayOptions } from "./ground.ts";

const lab = useLab();
const registry = await lab(startRegistry());
const vms = [await lab(startSshd()), await lab(startSshd())] as const;
const way = (options: Partial<WayOptions> = {}): Promise<Way> => lab(openWay({ vms, registry, ...options }));

let images = 0;

/** An image of its own, under the tag 1 of a repository of its own. */
async function pushed(layers: readonly number[] = [2048, 512]): Promise<{ name: string; image: Image }> {
  const name = `states/${++images}`;
  const image = makeImage({ layers });
  await pushExactly(registry, name, "1", image);
  return { name, image };
}

const NO_TOKEN = (line: string): boolean => !line.endsWith("/v2/");
const OTHER = { body: "{}", headers: { "content-type": "application/vnd.oci.image.manifest.v1+json" } };

test("cold: an index is one question to each vantage, and nothing below it is asked for", async () => {
  const { ask, asked, entered } = await way();
  const platforms = ["amd64", "arm64"].map((architecture) => ({ os: "linux", architecture }));
  const { index } = await pushIndex(registry, { name: "states/index", tag: "1", platforms });
  const { tag, by } = wishes(registry, "states/index");
  expect(told(await ask(tag("1")))).toBe(`granted ${index.digest}`);
  expect(asked().filter(NO_TOKEN)).toEqual(by("GET", "manifests/1"));
  expect(await entered()).toEqual(["states/index:1 agreed"]);
});

test("a manifest waits for its blobs, and then everything is warm: no vantage is asked", async () => {
  const { ask, asked } = await way();
  const { name, image } = await pushed();
  const { tag, document, blob, by } = wishes(registry, name);
  expect(told(await ask(tag("1")))).toBe(`granted ${image.manifest.digest}`);
  const blobs = [image.config, ...image.layers].map(({ digest }) => `blobs/${digest}`);
  expect(asked().filter(NO_TOKEN)).toEqual(by("GET", "manifests/1", ...blobs));
  for (const wish of [tag("1"), document(image.manifest.digest), blob(image.config.digest)])
    expect(told(await ask(wish))).toMatch(/^granted /);
  expect(asked()).toEqual([]);
});

test("a HEAD gets no blobs", async () => {
  const { ask, asked } = await way();
  const { name } = await pushed();
  const { tag, by } = wishes(registry, name);
  expect(told(await ask(tag("1"), "HEAD"))).toMatch(/^granted /);
  expect(asked().filter(NO_TOKEN)).toEqual(by("GET", "manifests/1"));
});

test("an expired tag is asked for by HEAD alone while it leads where it led, and is warm again", async () => {
  const { ask, asked, pass, entered } = await way();
  const { name } = await pushed();
  const { tag, by } = wishes(registry, name);
  await ask(tag("1"));
  asked();
  pass(301);
  expect(told(await ask(tag("1")))).toMatch(/^granted /);
  expect(asked().filter(NO_TOKEN)).toEqual(by("HEAD", "manifests/1"));
  expect(told(await ask(tag("1")))).toMatch(/^granted /);
  expect(asked()).toEqual([]);
  expect(await entered()).toHaveLength(1);
});

test("a tag that moved is agreed on anew, and whoever asks in the next day is told", async () => {
  const { ask, pass } = await way();
  const { name, image } = await pushed();
  const { tag, document } = wishes(registry, name);
  await ask(tag("1"));
  const next = makeImage({ layers: [100] });
  await pushExactly(registry, name, "1", next);
  expect(told(await ask(tag("1")))).toBe(`granted ${image.manifest.digest}`);
  pass(301);
  const ruling = await ask(tag("1"));
  expect(told(ruling)).toBe(`granted ${next.manifest.digest}`);
  expect(ruling).toMatchObject({ notices: [contains(" moved from sha256:")] });
  expect(told(await ask(document(image.manifest.digest)))).toBe(`granted ${image.manifest.digest}`);
  pass(25 * 3600);
  expect(await ask(tag("1"))).toMatchObject({ kind: "granted", notices: [] });
});

test("onChange: fail refuses a tag that moved, and what it led to before stays pullable by digest", async () => {
  const { ask, pass } = await way({ policy: { onChange: "fail" } });
  const { name, image } = await pushed();
  const { tag, document } = wishes(registry, name);
  await ask(tag("1"));
  await pushExactly(registry, name, "1", makeImage({ layers: [100] }));
  pass(301);
  expect(told(await ask(tag("1")))).toBe("refused changed");
  expect(told(await ask(document(image.manifest.digest)))).toMatch(/^granted /);
});

test("a disagreement about a tag is on hold until somebody clears it, whatever the vantages say by then", async () => {
  const { ask, asked, liar, store, pass, entered } = await way();
  const { name, image } = await pushed();
  const { tag, document, repository } = wishes(registry, name);
  liar.lie("sgp", `/v2/${name}/manifests/1`, OTHER);
  const refused = await ask(tag("1"));
  expect(refused).toMatchObject({ why: "disagreed", retryAfter: null, sentence: contains("sgp saw") });
  expect(await entered()).toEqual([`${name}:1 disagreed`]);
  liar.lie("sgp", `/v2/${name}/manifests/1`, relay);
  asked();
  pass(30 * 24 * 3600);
  const held = await ask(tag("1"));
  expect(held).toMatchObject({
    why: "disagreed",
    sentence: contains(`tofu3 serve clear ${registry.host}/${name}:1`),
  });
  expect(asked()).toEqual([]);
  expect(told(await ask(document(image.manifest.digest)))).toMatch(/^granted /);
  await store.clearHold(repository, "1");
  expect(told(await ask(tag("1")))).toBe(`granted ${image.manifest.digest}`);
});

test("a move is on hold until a fresh round agrees", async () => {
  const { ask, store } = await way();
  const { name, image } = await pushed();
  const { tag, repository } = wishes(registry, name);
  await ask(tag("1"));
  const since = new Date().toISOString();
  await store.setHold(repository, "1", { outcome: "moved", sentence: "it moved", verdict: null, since });
  expect(told(await ask(tag("1")))).toBe(`granted ${image.manifest.digest}`);
  expect(await store.hold(repository, "1")).toBeNull();
});

const contains = (text: string): unknown => expect.stringContaining(text);
const matches = (pattern: RegExp): unknown => expect.stringMatching(pattern);

const GONE = { status: 503, body: "away" };

test("while a vantage is away, what was agreed on is served for a day with a warning, and then no more", async () => {
  const { ask, liar, pass } = await way();
  const { name, image } = await pushed();
  const { tag } = wishes(registry, name);
  await ask(tag("1"));
  liar.lie("sgp", `/v2/${name}/manifests/1`, GONE);
  pass(301);
  const stale = await ask(tag("1"));
  expect(told(stale)).toBe(`granted ${image.manifest.digest}`);
  expect(stale).toMatchObject({ notices: [matches(/^as agreed on \S+Z; now .*sgp/)] });
  pass(24 * 3600);
  const ruling = await ask(tag("1"));
  expect(ruling).toMatchObject({ why: "incomplete", retryAfter: 30, sentence: contains("sgp") });
});

test("after a disagreement nothing stale is served", async () => {
  const { ask, liar, pass } = await way();
  const { name } = await pushed();
  const { tag } = wishes(registry, name);
  await ask(tag("1"));
  liar.lie("sgp", `/v2/${name}/manifests/1`, OTHER);
  pass(301);
  expect(told(await ask(tag("1")))).toBe("refused disagreed");
  liar.lie("sgp", `/v2/${name}/manifests/1`, GONE);
  pass(61);
  expect(told(await ask(tag("1")))).toBe("refused disagreed");
});

test("absent for all is absent for a minute; away for one is incomplete for some seconds", async () => {
  const { ask, asked, liar, pass } = await way();
  const { name } = await pushed();
  const { tag, by } = wishes(registry, name);
  expect(told(await ask(tag("nothing")))).toBe("refused absent");
  asked();
  pass(59);
  expect(told(await ask(tag("nothing")))).toBe("refused absent");
  expect(asked()).toEqual([]);
  pass(2);
  await ask(tag("nothing"));
  expect(asked().filter(NO_TOKEN)).toEqual(by("GET", "manifests/nothing"));
  liar.lie("fra", `/v2/${name}/manifests/1`, GONE, relay);
  expect(told(await ask(tag("1")))).toBe("refused incomplete");
  pass(6);
  expect(told(await ask(tag("1")))).toMatch(/^granted /);
});

test("false bytes of a layer are told at the manifest, only that blob is on hold, and the others are served", async () => {
  const { ask, liar, store } = await way();
  const { name, image } = await pushed();
  const { tag, blob, repository } = wishes(registry, name);
  const [first, second] = image.layers;
  liar.lie("fra", `/v2/${name}/blobs/${first?.digest ?? ""}`, { body: "something else" });
  const refused = await ask(tag("1"));
  expect(refused).toMatchObject({ why: "disagreed", sentence: contains("layer 1") });
  expect(told(await ask(blob(first?.digest ?? "")))).toBe("refused disagreed");
  expect(told(await ask(blob(second?.digest ?? "")))).toBe(`granted ${second?.digest ?? ""}`);
  expect((await store.holds()).map(({ name: each }) => each)).toEqual([first?.digest]);
  expect(told(await ask(tag("1"), "HEAD"))).toBe(`granted ${image.manifest.digest}`);
  await store.clearHold(repository, first?.digest ?? "");
});

test("of one blob that a vantage cannot get, the others are agreed on all the same", async () => {
  const { ask, liar } = await way();
  const { name, image } = await pushed();
  const { tag, blob } = wishes(registry, name);
  liar.lie("fra", `/v2/${name}/blobs/${image.layers[1]?.digest ?? ""}`, GONE);
  expect(told(await ask(tag("1")))).toBe("refused incomplete");
  expect(told(await ask(blob(image.layers[0]?.digest ?? "")))).toMatch(/^granted /);
});

test("a layer that takes longer than clients wait: first the manifest, then its headers, its bytes after the verdict", async () => {
  const { ask, liar } = await way({ serve: { answerWithin: 1 } });
  const { name, image } = await pushed();
  const { tag, blob } = wishes(registry, name);
  const [slow] = image.layers;
  let go = (): void => undefined;
  const held = new Promise<void>((resolve) => (go = resolve));
  liar.lie("sgp", `/v2/${name}/blobs/${slow?.digest ?? ""}`, async (request) => {
    await held;
    return relay(request);
  });
  const first = await until("the manifest", async () => {
    const ruling = await ask(tag("1"));
    return ruling.kind === "granted" ? ruling : undefined;
  });
  expect(told(first)).toBe(`granted ${image.manifest.digest}`);
  expect(told(await ask(blob(slow?.digest ?? ""), "HEAD"))).toBe("refused verifying");
  const withheld = await ask(blob(slow?.digest ?? ""));
  expect(withheld).toMatchObject({ kind: "withheld", size: slow?.size });
  go();
  expect(withheld.kind === "withheld" && told(await withheld.verdict)).toBe(`granted ${slow?.digest ?? ""}`);
});

test("gate: everything waits for every blob", async () => {
  const { ask, liar } = await way({ serve: { answerWithin: 1, gate: "everything" } });
  const { name, image } = await pushed();
  const { tag, document } = wishes(registry, name);
  let go = (): void => undefined;
  const held = new Promise<void>((resolve) => (go = resolve));
  liar.lie("sgp", `/v2/${name}/blobs/${image.layers[0]?.digest ?? ""}`, async (request) => {
    await held;
    return relay(request);
  });
  await until("the manifest", async () => ((await ask(tag("1"), "HEAD")).kind === "granted" ? true : undefined));
  let isAnswered = false;
  const waiting = ask(document(image.manifest.digest)).then((ruling) => {
    isAnswered = true;
    return ruling;
  });
  await new Promise((resolve) => setTimeout(resolve, 1500));
  expect(isAnswered).toBe(false);
  go();
  expect(told(await waiting)).toMatch(/^granted /);
});

test("two hundred at a time are one flight, which goes on when all of them leave", async () => {
  const { ask, asked, liar, gate } = await way();
  const { name, image } = await pushed();
  const { tag, by } = wishes(registry, name);
  let go = (): void => undefined;
  const held = new Promise<void>((resolve) => (go = resolve));
  liar.lie("here", `/v2/${name}/manifests/1`, async (request) => {
    await held;
    return relay(request);
  });
  const left = new AbortController();
  const gone = Array.from({ length: 100 }, () => ask(tag("1"), "HEAD", left.signal).catch(() => "left"));
  const stays = Array.from({ length: 100 }, () => ask(tag("1"), "HEAD"));
  await until("all of them wait", () => (gate.flights()[0]?.waiting === 200 ? true : undefined));
  left.abort(new Error("gone"));
  expect(new Set(await Promise.all(gone))).toEqual(new Set(["left"]));
  expect(gate.flights()).toHaveLength(1);
  go();
  expect(new Set((await Promise.all(stays)).map(told))).toEqual(new Set([`granted ${image.manifest.digest}`]));
  expect(asked().filter(NO_TOKEN)).toEqual(by("GET", "manifests/1"));
  expect(gate.flights()).toEqual([]);
});

test("a blob that no agreed document names is asked for by itself; one of another repository is asked for again", async () => {
  const { ask, asked } = await way();
  const { name, image } = await pushed();
  const [one, other] = [wishes(registry, name), wishes(registry, "states/private")];
  const [layer] = image.layers;
  expect(told(await ask(one.blob(layer?.digest ?? "")))).toBe(`granted ${layer?.digest ?? ""}`);
  expect(asked().filter(NO_TOKEN)).toEqual(one.by("GET", `blobs/${layer?.digest ?? ""}`));
  expect(told(await ask(other.blob(layer?.digest ?? "")))).toBe("refused absent");
  expect(asked().filter(NO_TOKEN)).toEqual(other.by("GET", `blobs/${layer?.digest ?? ""}`));
});

test("days are asked of what a client names, and not of what an agreed document names", async () => {
  const { ask } = await way({ policy: { days: 2 } });
  const { name, image } = await pushed();
  const { tag, document } = wishes(registry, name);
  expect(told(await ask(tag("1")))).toBe("refused pending");
  expect(told(await ask(document(image.manifest.digest)))).toBe("refused pending");
});

test("what cannot be gated is refused: layers elsewhere, upstreams that are not listed, what is refused on purpose", async () => {
  const ground = await way();
  const { ask } = ground;
  const { name, image } = await pushed();
  const { tag } = wishes(registry, name);
  const text = image.manifest.bytes
    .toString("utf8")
    .replace('"layers": [\n    {', '"layers": [\n    { "urls": ["http://127.0.0.1/x"],');
  const headers = { "content-type": image.manifest.mediaType };
  // docker-registry takes no such manifest
  ground.liar.answer(`/v2/${name}/manifests/urls`, { body: text, headers });
  expect(told(await ask(tag("urls")))).toBe("refused unfit");
  expect(told(await ask({ registry: "elsewhere.example", repository: name, kind: "manifest", tag: "1" }))).toBe(
    "refused unlisted",
  );
  ground.armed = "refused on purpose";
  expect(await ask(tag("1"))).toMatchObject({ why: "disagreed", sentence: "refused on purpose" });
});

test("more than may wait are busy, and a registry that allows no more is left alone", async () => {
  const { ask, asked, liar, gate } = await way({ serve: { limits: { waiting: 1 } } });
  const [{ name }, other] = [await pushed(), await pushed()];
  let go = (): void => undefined;
  const held = new Promise<void>((resolve) => (go = resolve));
  liar.answer(`/v2/${name}/manifests/1`, async (request) => {
    await held;
    const answer = await relay(request);
    return {
      ...answer,
      headers: [...((answer.headers ?? []) as [string, string][]), ["ratelimit-remaining", "9;w=60"]],
    };
  });
  const waiting = ask(wishes(registry, name).tag("1"), "HEAD");
  await until("it waits", () => (gate.flights().length === 1 ? true : undefined));
  expect(await ask(wishes(registry, name).tag("1"), "HEAD")).toMatchObject({ why: "busy", retryAfter: 15 });
  go();
  expect(told(await waiting)).toMatch(/^granted /);
  asked();
  expect(await ask(wishes(registry, other.name).tag("1"))).toMatchObject({
    why: "busy",
    sentence: contains("allows"),
  });
  expect(asked()).toEqual([]);
});

test("the tags that all vantages list", async () => {
  const { gate, liar, asked } = await way();
  const { name, image } = await pushed();
  for (const tag of ["b", "a"]) await pushDocument(registry, name, tag, image.manifest);
  liar.lie("sgp", `/v2/${name}/tags/list`, {
    body: JSON.stringify({ name, tags: ["b", "1", "c"] }),
    headers: { "content-type": "application/json" },
  });
  const { repository } = wishes(registry, name);
  const { signal } = new AbortController();
  expect(await gate.tags(repository, signal)).toEqual(["1", "b"]);
  asked();
  expect(await gate.tags(repository, signal)).toEqual(["1", "b"]);
  expect(asked()).toEqual([]);
});
