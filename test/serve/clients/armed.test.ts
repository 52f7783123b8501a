import { mkdir, readdir, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parseDigest } from "../../../src/oci/digest.ts";
import { parseReference } from "../../../src/oci/reference.ts";
import { arm, watchArmed, type Armory } from "../../../src/serve/clients/armed.ts";
import { makeFolder, until } from "../../lab/processes.ts";

const HELLO = { registry: "docker.io", repository: "library/hello-world" };
const DIGEST = parseDigest(`sha256:${"a".repeat(64)}`);

let store: Awaited<ReturnType<typeof makeFolder>>;
let armory: Armory;
/** Of the gate. */
let clock = (): Date => new Date();

beforeAll(async () => {
  store = await makeFolder("armed");
  armory = watchArmed(store.path, () => clock());
});
afterAll(async () => {
  await armory.close();
  await store.remove();
});

const files = (): Promise<string[]> => readdir(join(store.path, "armed"));
const armed = (reference: string): ReturnType<typeof arm> =>
  arm(store.path, parseReference(reference), 60_000, () => new Date());

test("one tag of one repository is refused, with its sentence, as long as it is armed", async () => {
  expect(armory.refusalFor(HELLO, "latest")).toBeNull();
  const arming = await armed("hello-world:latest");
  expect(await until("the gate knows", async () => (await arming.refusals()) ?? undefined)).toBe(0);
  expect(armory.refusalFor(HELLO, "latest")?.sentence).toBe(arming.sentence);
  expect(arming.sentence).toContain(arming.nonce);
  expect(arming.sentence).toMatch(/^[\x20-\x7e]{1,200}$/);
  expect(armory.refusalFor(HELLO, "linux")).toBeNull();
  expect(armory.refusalFor(HELLO, DIGEST)).toBeNull();
  expect(armory.refusalFor({ ...HELLO, registry: "ghcr.io" }, "latest")).toBeNull();
  expect(armory.refusalFor({ ...HELLO, repository: "library/hello" }, "latest")).toBeNull();
  armory.refusalFor(HELLO, "latest")?.seen();
  armory.refusalFor(HELLO, "latest")?.seen();
  await until("both are counted", async () => ((await arming.refusals()) === 2 ? true : undefined));
  await arming.disarm();
  expect(armory.refusalFor(HELLO, "latest")).toBeNull();
  await arming.disarm();
  expect(await files()).toEqual([]);
});

test("a digest; and everything of a repository where neither is named", async () => {
  const one = await armed(`hello-world@${DIGEST}`);
  const all = await armed("ghcr.io/homebrew/core/hello");
  await until("the gate knows", async () => (await one.refusals()) ?? undefined);
  await until("the gate knows", async () => (await all.refusals()) ?? undefined);
  expect(armory.refusalFor(HELLO, DIGEST)?.sentence).toBe(one.sentence);
  expect(armory.refusalFor(HELLO, "latest")).toBeNull();
  const brew = { registry: "ghcr.io", repository: "homebrew/core/hello" };
  expect(armory.refusalFor(brew, "2.12.1")?.sentence).toBe(all.sentence);
  expect(armory.refusalFor(brew, DIGEST)?.sentence).toBe(all.sentence);
  await Promise.all([one.disarm(), all.disarm()]);
});

test("whoever dies without disarming it blocks nothing for ever: it ends, and its files go", async () => {
  const arming = await armed("hello-world:latest");
  await until("the gate knows", async () => (await arming.refusals()) ?? undefined);
  clock = () => new Date(Date.now() + 61_000);
  expect(armory.refusalFor(HELLO, "latest")).toBeNull();
  await until("its files are gone", async () => ((await files()).length === 0 ? true : undefined));
  clock = () => new Date();
});

test.each([
  ["that ends in a year", { until: new Date(Date.now() + 365 * 86_400_000).toISOString() }],
  ["that never ends", { until: "never" }],
  ["of a sentence that would forge headers", { sentence: "no\r\nset-cookie: a=b" }],
  ["of no reference", { reference: "https://docker.io/hello" }],
  ["of something else", { reference: 1 }],
])("a file %s refuses nothing, and goes", async (_what, fields) => {
  const whole = {
    reference: "docker.io/library/hello-world:latest",
    sentence: "no",
    until: new Date(Date.now() + 9e4),
  };
  await mkdir(join(store.path, "armed"), { recursive: true });
  await writeFile(join(store.path, "armed", "0123456789abcdef.json"), JSON.stringify({ ...whole, ...fields }));
  await until("it is gone", async () => ((await files()).length === 0 ? true : undefined));
  expect(armory.refusalFor(HELLO, "latest")).toBeNull();
});

test("what is counted after the end makes no file", async () => {
  const arming = await armed("hello-world:latest");
  await until("the gate knows", async () => (await arming.refusals()) ?? undefined);
  const refusal = armory.refusalFor(HELLO, "latest");
  await arming.disarm();
  refusal?.seen();
  await until("the gate has forgotten", () => (armory.refusalFor(HELLO, "latest") === null ? true : undefined));
  expect(await files()).toEqual([]);
  expect(await arming.refusals()).toBeNull();
});

test("files of others are left alone", async () => {
  const other = join(store.path, "armed", "notes.txt");
  await writeFile(other, "mine");
  await utimes(other, 0, 0);
  const arming = await armed("hello-world:latest");
  await until("the gate knows", async () => (await arming.refusals()) ?? undefined);
  await arming.disarm();
  expect(await files()).toContain("notes.txt");
});
