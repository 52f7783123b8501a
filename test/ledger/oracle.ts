import { createHash, createHmac } from "node:crypto";

/** What docs/ledger.md says of a file, written from that page and not from the source. */
export interface Told {
  readonly holds: number;
  readonly own: number;
  readonly last: string | null;
  /** The first line that does not hold. */
  readonly broken: number | null;
  /** What is behind the last line feed. */
  readonly rest: Buffer;
}

const FIELDS = ["at", "subject", "selection", "outcome", "digest", "looks", "objects", "clocksAgree"];

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

export function tell(file: Buffer, keyHex: string): Told {
  const key = Buffer.from(keyHex, "hex");
  const id = sha256(key).slice(0, 16);
  const lines = splitAtLineFeeds(file);
  const rest = lines.pop() ?? Buffer.alloc(0);
  let own = 0;
  let last: string | null = null;
  for (const [index, line] of lines.entries()) {
    const by = holderOf(line, last, index + 1);
    if (by === null || (by === id && !hasMac(line, key))) return { holds: index, own, last, broken: index + 1, rest };
    if (by === id) own += 1;
    last = `sha256:${sha256(line)}`;
  }
  return { holds: lines.length, own, last, broken: null, rest };
}

function splitAtLineFeeds(file: Buffer): Buffer[] {
  const lines: Buffer[] = [];
  let start = 0;
  for (let at = 0; at < file.length; at++) {
    if (file[at] !== 10) continue;
    lines.push(file.subarray(start, at));
    start = at + 1;
  }
  return [...lines, file.subarray(start)];
}

/** `by`; null if the line is not where it belongs or not of the form. */
function holderOf(line: Buffer, previous: string | null, entry: number): string | null {
  if (line.length > 262_144) return null;
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(line);
    const value = JSON.parse(text) as Record<string, unknown>;
    const keys = Object.keys(value);
    const isPlaced =
      keys.slice(0, 4).join() === "previous,entry,version,by" &&
      keys.at(-1) === "mac" &&
      text.startsWith('{"previous":') &&
      /"mac":"[0-9a-f]{64}"\}$/.test(text) &&
      value["previous"] === previous &&
      value["entry"] === entry &&
      value["version"] === 1;
    const by = value["by"];
    return isPlaced &&
      typeof by === "string" &&
      /^[0-9a-f]{16}$/.test(by) &&
      FIELDS.every((field) => keys.includes(field))
      ? by
      : null;
  } catch {
    return null;
  }
}

function hasMac(line: Buffer, key: Buffer): boolean {
  const text = line.toString("latin1");
  const end = text.lastIndexOf(',"mac":');
  const mac = createHmac("sha256", key).update(line.subarray(0, end)).digest("hex");
  return text.slice(end) === `,"mac":"${mac}"}`;
}
