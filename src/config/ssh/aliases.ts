import { join } from "node:path";
import { LineType, type Line } from "ssh-config";
import { expandInclude, type SshFiles } from "./include.ts";
import { parseSshConfig, valuesOf } from "./settings.ts";

const DEPTH = 16;
const MOST = 200;

/**
 * The hosts that ~/.ssh/config names, without patterns, in its order, each once. What cannot be read has none: this is
 * for an offer, not for a connection.
 */
export async function readAliases(home: string, files: SshFiles): Promise<readonly string[]> {
  const found = new Set<string>();
  await collect(join(home, ".ssh", "config"), { home, files, found }, 0);
  return [...found].slice(0, MOST);
}

interface Search {
  readonly home: string;
  readonly files: SshFiles;
  readonly found: Set<string>;
}

async function collect(path: string, search: Search, depth: number): Promise<void> {
  if (depth > DEPTH) return;
  try {
    const text = await search.files.read(path);
    if (text !== null) await walk(parseSshConfig(path, text), search, depth);
  } catch {
    // it is told when a host is looked up in it
  }
}

async function walk(lines: readonly Line[], search: Search, depth: number): Promise<void> {
  for (const line of lines) {
    if (line.type !== LineType.DIRECTIVE) continue;
    const keyword = line.param.toLowerCase();
    if (keyword === "host")
      for (const name of valuesOf(line)) if (/^[A-Za-z0-9_][A-Za-z0-9._-]{0,252}$/.test(name)) search.found.add(name);
    if (keyword === "include")
      for (const argument of valuesOf(line))
        for (const path of await expandInclude(argument, search.home, search.files))
          await collect(path, search, depth + 1);
    if ("config" in line) await walk(line.config, search, depth);
  }
}
