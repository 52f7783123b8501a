import { randomBytes } from "node:crypto";
import { quoted } from "../../durable.ts";
import { report } from "../../evidence/schema/report.ts";
import type { Evidence } from "../../model/evidence.ts";
import type { Desk } from "./desk.ts";
import { parseJson, readPlainFile } from "./records.ts";
import type { Store } from "./store.ts";
import type { Turns } from "./turns.ts";

/** The last verdicts, for people. A right that names one that is gone is as good as before. */
export interface Verdicts {
  readonly keepVerdict: Store["keepVerdict"];
  readonly verdict: Store["verdict"];
  readonly verdicts: Store["verdicts"];
}

export interface VerdictLimits {
  readonly count: number;
  readonly bytes: number;
}

/** Of one verdict, in bytes; evidence of thousands of objects has some. */
const LARGEST = 32 * 1024 * 1024;
const FILE = /^(\d{8}T\d{9}Z-[0-9a-f]{12})\.json$/;

interface Options {
  readonly desk: Desk;
  readonly turns: Turns;
  readonly limits: VerdictLimits;
  /** Those that holds name go last. */
  readonly needed: () => ReadonlySet<string>;
  readonly now: () => Date;
  readonly warn: (text: string) => void;
}

/** `files` are those that are there, sorted. */
export async function openVerdicts(
  { desk, turns, limits, needed, now, warn }: Options,
  files: readonly { readonly name: string; readonly size: number }[],
): Promise<Verdicts> {
  /** By id, the oldest first. */
  const sizes = new Map<string, number>();
  for (const { name, size } of files) {
    const [, id] = FILE.exec(name) ?? [];
    if (id !== undefined) sizes.set(id, size);
  }
  const warned = new Set<string>();
  const pathOf = (id: string): string => `verdicts/${id}.json`;

  async function verdict(id: string): Promise<Evidence | null> {
    if (!sizes.has(id)) return null;
    const bytes = await readPlainFile(desk.at(pathOf(id)), LARGEST);
    if (bytes === "missing") return null;
    const found = bytes === "odd" ? undefined : parseJson(bytes);
    if (isEvidence(found)) return found;
    if (!warned.has(id)) warn(`${quoted(desk.at(pathOf(id)))} is not what tofu3 wrote there; it counts as not there`);
    warned.add(id);
    return null;
  }

  async function prune(): Promise<void> {
    for (const id of surplus(sizes, needed(), limits)) {
      sizes.delete(id);
      await desk.remove(pathOf(id));
    }
  }

  // a crash may have come before it
  await prune();
  return {
    keepVerdict: (evidence) =>
      turns.take("verdicts", async () => {
        const id = nextId(now(), [...sizes.keys()].at(-1) ?? "");
        const text = `${JSON.stringify(evidence)}\n`;
        await desk.place(pathOf(id), text, now());
        sizes.set(id, Buffer.byteLength(text));
        await prune();
        return id;
      }),
    verdict,
    verdicts: async (most) => {
      const found: { id: string; evidence: Evidence }[] = [];
      for (const id of [...sizes.keys()].reverse()) {
        if (found.length >= most) break;
        const evidence = await verdict(id);
        if (evidence !== null) found.push({ id, evidence });
      }
      return found;
    },
  };
}

/** Those that go, until there are no more than the limits; `sizes` are in the order of time. */
function surplus(
  sizes: ReadonlyMap<string, number>,
  needed: ReadonlySet<string>,
  limits: VerdictLimits,
): readonly string[] {
  // the newest stays, so that whoever was told its id can read it
  const ids = [...sizes.keys()].slice(0, -1);
  const order = [...ids.filter((id) => !needed.has(id)), ...ids.filter((id) => needed.has(id))];
  let count = sizes.size;
  let bytes = [...sizes.values()].reduce((sum, size) => sum + size, 0);
  const gone: string[] = [];
  for (const id of order) {
    if (count <= limits.count && bytes <= limits.bytes) break;
    count -= 1;
    bytes -= sizes.get(id) ?? 0;
    gone.push(id);
  }
  return gone;
}

/** `20261127T095227123Z-0123456789ab`: sorts as time does, also within a millisecond and where the clock is set back. */
function nextId(now: Date, last: string): string {
  const [, year, month, day, hour, minute, second, ms] =
    /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(\d{3})Z/.exec(last) ?? [];
  const before = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}.${ms}Z`);
  const time = Number.isNaN(before) ? now.getTime() : Math.max(now.getTime(), before + 1);
  return `${new Date(time).toISOString().replace(/[-:.]/g, "")}-${randomBytes(6).toString("hex")}`;
}

function isEvidence(value: unknown): value is Evidence {
  return report.safeParse(value).success;
}
