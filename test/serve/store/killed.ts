import { spawn, type ChildProcess } from "node:child_process";
import { createHash } from "node:crypto";
import { lstatSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { onTestFinished } from "vitest";

/** Under way in each process that is killed. */
export const FLIGHTS = 10;

/**
 * What the process does that is killed: it shelves small files out of a quarantine, admits them to two repositories, tags
 * some of them, holds and clears, keeps verdicts, and evicts all the time, because its store is small. It says what it
 * has committed. Several of these run at once, as flights do.
 */
const PROGRAM = `
import { createHash, randomBytes, randomInt } from "node:crypto";
import { mkdir, open, rename } from "node:fs/promises";
import { join } from "node:path";
import { openStore } from ${JSON.stringify(join(import.meta.dirname, "../../../dist/serve/store/open.js"))};
import { quarantineName } from ${JSON.stringify(join(import.meta.dirname, "../../../dist/release/quarantine/owner.js"))};
import { readOwner } from ${JSON.stringify(join(import.meta.dirname, "../../../dist/owner.js"))};
const [folder, first] = process.argv.slice(2);
const store = await openStore(folder, {
  maxBytes: 120_000, minFreeBytes: 0, verdicts: { count: 5, bytes: 1e6 }, now: () => new Date(),
  warn: (text) => console.log("warned", text),
});
const repositories = ["library/a", "library/a/tags"].map((repository) => ({ registry: "docker.io", repository }));
let turn = Number(first);
async function shelve(bytes) {
  const digest = "sha256:" + createHash("sha256").update(bytes).digest("hex");
  const quarantine = join(store.folder, quarantineName(await readOwner()));
  await mkdir(quarantine, { mode: 0o700 });
  const handle = await open(join(quarantine, "blob"), "wx", 0o444);
  await handle.writeFile(bytes);
  await handle.sync();
  await rename(join(quarantine, "blob"), store.shelf.pathOf(digest));
  await store.shelf.landed(digest, handle);
  await handle.close();
  await import("node:fs/promises").then(({ rmdir }) => rmdir(quarantine));
  return digest;
}
async function flight(lane) {
  for (;;) {
    turn += 1;
    const at = new Date(turn * 1000).toISOString();
    const bytes = randomBytes(randomInt(1, 4000));
    const digest = "sha256:" + createHash("sha256").update(bytes).digest("hex");
    const release = store.protect([digest]);
    await store.makeRoom(bytes.length);
    await shelve(bytes);
    const object = { kind: "blob", digest, size: bytes.length, mediaType: "x/y", agreedAt: at, verdict: null };
    for (const each of repositories) await store.admit(each, object);
    const name = "t" + lane + randomInt(2);
    await store.setTag(repositories[0], name, { digest, agreedAt: at, checkedAt: at, previous: null });
    release();
    console.log("tag", name, at);
    const hold = "h" + lane;
    await store.setHold(repositories[1], hold, { outcome: "moved", sentence: at, verdict: null, since: at });
    console.log("held", hold);
    if (randomInt(2) === 0) {
      console.log("clears", hold);
      await store.clearHold(repositories[1], hold);
    }
    await store.keepVerdict({ turn });
  }
}
for (let lane = 0; lane < ${FLIGHTS}; lane++) void flight(lane);
`;

/** What the killed processes said that it is on the disk. */
export interface Said {
  /** When the tag was last set. */
  readonly tags: Map<string, string>;
  readonly holds: Set<string>;
  readonly warned: string[];
  commits: number;
}

/** Starts one, and kills it at a random moment after it committed something. */
export async function killOne(folder: string, said: Said, random: () => number): Promise<void> {
  const file = join(folder, "../killed.mjs");
  writeFileSync(file, PROGRAM);
  const child = spawn(process.execPath, [file, folder, String(said.commits + 1_000_000)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  let text = "";
  child.stdout.setEncoding("utf8");
  child.stdout.on("data", (more: string) => (text += more));
  await committed(child, () => text, 1 + Math.floor(random() * 2 * FLIGHTS));
  await new Promise((resolve) => setTimeout(resolve, random() * 10));
  child.kill("SIGKILL");
  await new Promise((resolve) => child.once("close", resolve));
  for (const line of text.split("\n").slice(0, -1)) listen(line, said);
}

async function committed(child: ChildProcess, text: () => string, count: number): Promise<void> {
  while (text().split("\ntag ").length + Number(text().startsWith("tag ")) <= count) {
    if (child.exitCode !== null) throw new Error(`it ended by itself: ${text()}`);
    await new Promise((resolve) => child.stdout?.once("data", resolve) ?? resolve(null));
  }
}

function listen(line: string, said: Said): void {
  const [verb, name = "", at = ""] = line.split(" ");
  if (verb === "tag") {
    if (at > (said.tags.get(name) ?? "")) said.tags.set(name, at);
    said.commits += 1;
  }
  if (verb === "held") said.holds.add(name);
  if (verb === "clears") said.holds.delete(name);
  if (verb === "warned") said.warned.push(line);
}

/** What is wrong with a store that nobody has open, read without the code that made it. */
export function wrongs(folder: string, said: Said): string[] {
  const wrong: string[] = [];
  const check = (isTrue: boolean, what: string): void => {
    if (!isTrue) wrong.push(what);
  };
  const namesIn = (path: string): string[] => readdirSync(join(folder, path)).sort();
  const json = (path: string): Record<string, unknown> => {
    try {
      return JSON.parse(readFileSync(join(folder, path), "utf8")) as Record<string, unknown>;
    } catch {
      wrong.push(`${path} is torn`);
      return {};
    }
  };
  check(
    namesIn(".").join() === ["armed", "blobs", "repos", "store.json", "tmp", "verdicts"].join(),
    `there is ${namesIn(".").join()}`,
  );
  check(namesIn("tmp").length === 0, `in tmp: ${namesIn("tmp").join()}`);
  check(namesIn("verdicts").length <= 5, "too many verdicts");
  for (const name of namesIn("verdicts")) json(`verdicts/${name}`);
  const used = new Set<string>();
  for (const name of ["library+a", "library+a+tags"]) {
    const repository = `repos/docker.io/${name}`;
    for (const right of namesIn(`${repository}/objects`)) {
      const record = json(`${repository}/objects/${right}`);
      used.add(right.replace("sha256-", ""));
      check(record["digest"] === right.replace("-", ":"), `${right} is about another digest`);
      check(hashOf(folder, right) === right.replace("sha256-", ""), `${right} has no whole file`);
    }
    const rights = namesIn(`${repository}/objects`);
    for (const part of namesIn(repository)) {
      if (part === "objects") continue;
      for (const each of namesIn(`${repository}/${part}`)) {
        const record = json(`${repository}/${part}/${each}`);
        if (part === "tags")
          check(rights.includes(String(record["digest"]).replace(":", "-")), `${each} names what is not there`);
      }
    }
  }
  check(namesIn("blobs/sha256").join() === [...used].sort().join(), "a file that nobody may have, or a right to none");
  for (const [tag, at] of said.tags)
    check(String(json(`repos/docker.io/library+a/tags/${tag}.json`)["agreedAt"]) >= at, `tag ${tag} was lost`);
  for (const hold of said.holds) json(`repos/docker.io/library+a+tags/holds/${hold}.json`);
  return [...wrong, ...said.warned];
}

function hashOf(folder: string, right: string): string {
  const path = join(folder, "blobs/sha256", right.replace("sha256-", ""));
  const found = lstatSync(path, { throwIfNoEntry: false });
  return found?.isFile() === true ? createHash("sha256").update(readFileSync(path)).digest("hex") : "nothing";
}
