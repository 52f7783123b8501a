import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Artifact } from "./fixture.ts";

const DIST = join(import.meta.dirname, "../../dist/release");

/**
 * Fills a quarantine, says `ready`, releases, says `done` or the code of the error, and discards: what the command line
 * does.
 */
const PROGRAM = `
import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { parseDestination } from ${JSON.stringify(join(DIST, "destination.js"))};
import { openQuarantine } from ${JSON.stringify(join(DIST, "quarantine/quarantine.js"))};
import { release } from ${JSON.stringify(join(DIST, "release.js"))};
import { subjectOf } from ${JSON.stringify(join(DIST, "../model/subject.js"))};
const [artifactFile, dest, force] = process.argv.slice(2);
const { reference, objects, bytes } = JSON.parse(readFileSync(artifactFile, "utf8"));
let quarantine = null;
try {
  const destination = parseDestination(dest, force === "true", "/");
  quarantine = await openQuarantine(destination);
  for (const object of objects) {
    const content = Buffer.from(bytes[object.digest], "base64");
    if (object.role === "manifest") await quarantine.document(object.digest, content);
    else await writeFile(quarantine.blob(object.digest), content, { mode: 0o600 });
  }
  console.log("ready");
  const agreed = { outcome: "agreed", quorum: "3/3", summary: "", root: objects[0], objects, differences: [] };
  await release(agreed, quarantine, destination, { subject: subjectOf(reference), unpackedBytes: 2 ** 40, signal: new AbortController().signal });
  console.log("done");
} catch (error) {
  console.log(error.code ?? "crash", error.message);
  process.exitCode = 1;
} finally {
  await quarantine?.discard();
}
`;

export interface Child {
  /** Command that releases to a destination; for spawn. */
  readonly command: (dest: string, force: boolean) => readonly string[];
}

/** A program in `dir` that releases this artifact, for tests that kill it. */
export function childOf(dir: string, artifact: Artifact): Child {
  const bytes = Object.fromEntries(
    [...artifact.bytes].map(([digest, content]) => [digest, Buffer.from(content).toString("base64")]),
  );
  writeFileSync(join(dir, "artifact.json"), JSON.stringify({ ...artifact, bytes }));
  writeFileSync(join(dir, "child.mjs"), PROGRAM);
  return {
    command: (dest, force) => [
      process.execPath,
      join(dir, "child.mjs"),
      join(dir, "artifact.json"),
      dest,
      String(force),
    ],
  };
}

export interface Ended {
  readonly signal: string | null;
  /** The last line: `done`, or the code of the error and its message. */
  readonly last: string;
  /** Milliseconds from `ready` to the end. */
  readonly ms: number;
}

/** Runs to the end, or kills the whole process group `killAfterMs` after it said `ready`. */
export async function runChild(command: readonly string[], killAfterMs: number | null): Promise<Ended> {
  const [program = "", ...args] = command;
  const child = spawn(program, args, {
    stdio: ["ignore", "pipe", "ignore"],
    detached: true,
    env: { ...process.env, UV_THREADPOOL_SIZE: "1" },
  });
  let output = "";
  let ready = 0;
  child.stdout.on("data", (chunk: Buffer) => {
    output += chunk.toString();
    if (ready !== 0 || !output.includes("ready")) return;
    ready = performance.now();
    if (killAfterMs !== null) setTimeout(() => child.kill("SIGKILL"), killAfterMs);
  });
  const signal = await new Promise<string | null>((resolve) => child.once("close", (_, name) => resolve(name)));
  return { signal, last: output.trim().split("\n").at(-1) ?? "", ms: ready === 0 ? 0 : performance.now() - ready };
}
