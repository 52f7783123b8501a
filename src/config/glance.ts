import { dirname } from "node:path";
import { namedFile, placeIn, readFirst, STDIN, type Surroundings } from "./places.ts";

/** What completion wants to know of a configuration, however wrong the rest of it is. */
export interface Glance {
  /** The hosts of SSH workers, and the workers' names, as they are written; anything may stand there. */
  readonly hosts: readonly (readonly [host: string, worker: string])[];
  /** Absolute; null if none is named. */
  readonly ledger: string | null;
}

const NOTHING: Glance = { hosts: [], ledger: null };

/** Checks nothing, reads no standard input, and never throws. */
export async function glanceAtConfig(flag: string | null, surroundings: Surroundings): Promise<Glance> {
  try {
    const named = namedFile(flag, surroundings);
    if (named?.path === STDIN) return NOTHING;
    const found = await readFirst(named, surroundings);
    if (found !== null) return await glanceOf(found.text, dirname(found.file), surroundings.home);
  } catch {
    // an unreadable file is for the command to complain about
  }
  return NOTHING;
}

async function glanceOf(text: string, folder: string, home: string): Promise<Glance> {
  // loaded only where there is a file: it takes as long as everything else
  const { parse } = await import("yaml");
  const value: unknown = parse(text, { logLevel: "silent" });
  const workers = fieldOf(value, "workers");
  const ledger = fieldOf(fieldOf(value, "policy"), "ledger");
  return {
    hosts: (Array.isArray(workers) ? workers : []).flatMap((worker) => {
      const host = fieldOf(worker, "host");
      return typeof host === "string" ? [[host, String(fieldOf(worker, "name"))] as const] : [];
    }),
    ledger: typeof ledger === "string" ? placeIn(folder, home, ledger) : null,
  };
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>)[name] : undefined;
}
