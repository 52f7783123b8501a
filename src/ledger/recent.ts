import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { isDigest } from "../oci/digest.ts";
import type { Subject } from "../model/subject.ts";

/** How much of the end is looked at; a line has some kilobytes. */
const WINDOW = 1024 * 1024;

/**
 * The subjects of the last entries, the newest first, each once, at most `most`. Nothing is checked, so it is good for
 * suggestions only. Never throws.
 */
export async function recentSubjects(path: string, most: number): Promise<readonly Subject[]> {
  const found = new Map<string, Subject>();
  const text = await tailOf(path).catch(() => "");
  for (const line of text.split("\n").reverse()) {
    const subject = subjectIn(line);
    if (subject === null) continue;
    const key = JSON.stringify(subject);
    if (!found.has(key)) found.set(key, subject);
    if (found.size >= most) break;
  }
  return [...found.values()];
}

async function tailOf(path: string): Promise<string> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const { size } = await handle.stat();
    const buffer = Buffer.alloc(Math.min(size, WINDOW));
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, size - buffer.length);
    return buffer.toString("utf8", 0, bytesRead);
  } finally {
    await handle.close();
  }
}

function subjectIn(line: string): Subject | null {
  // the subject stands near the beginning; to parse whole lines would take most of the time
  const text = /"subject":(\{[^{}]{1,2000}\})/.exec(line.slice(0, 4000))?.[1];
  if (text === undefined) return null;
  try {
    const { url, registry, repository, tag, digest } = JSON.parse(text) as Readonly<Record<string, unknown>>;
    if (typeof url === "string") return { url, pin: null };
    if (typeof registry !== "string" || typeof repository !== "string") return null;
    if (typeof tag === "string") return { registry, repository, tag, pin: null };
    return isDigest(digest) ? { registry, repository, digest } : null;
  } catch {
    return null;
  }
}
