import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import type { Seen } from "./ground.ts";

/** What the program printed in each scenario, as `docs/diagnosis.md` shows it; UPDATE=1 writes it anew. */
export const GOLDEN = join(import.meta.dirname, "golden");

const FIRST_DAY = Date.parse("2026-11-24");
const DAY_MS = 86_400_000;

/** Without what differs from run to run: ports, folders, days and times. Digests stay as they are. */
export function steady({ stdout, cwd }: Pick<Seen, "stdout" | "cwd">, host: string): string {
  const text = stdout
    .replaceAll(host, "registry.example:5000")
    .replaceAll(/acme\/tool\d+/g, "acme/tool")
    .replaceAll(/ --config \S+\/tofu3\.yaml/g, "")
    .replaceAll(cwd, "/home/kim")
    .replaceAll(/ssh -p \d+ \S+@127\.0\.0\.1/g, "ssh -p 22 kim@203.0.113.7")
    .replaceAll(/127\.0\.0\.1:\d+/g, "203.0.113.7:22");
  const days = [...text.matchAll(/\b\d{4}-\d\d-\d\d\b/g)].map(([day]) => day).sort();
  const shift = FIRST_DAY - Date.parse(days[0] ?? "2026-11-24");
  return text.replaceAll(/\b\d{4}-\d\d-\d\d\b/g, (day) =>
    new Date(Math.round((Date.parse(day) + shift) / DAY_MS) * DAY_MS).toISOString().slice(0, 10),
  );
}

export function expectGolden(name: string, seen: Pick<Seen, "stdout" | "cwd">, host: string): void {
  const file = join(GOLDEN, `${name}.txt`);
  const text = steady(seen, host);
  if (process.env["UPDATE"] === "1") writeFileSync(file, text);
  expect(unraced(text)).toBe(unraced(readFileSync(file, "utf8")));
}

/** Without how far each worker had come when the others' roots stopped it: that depends on who was faster. */
function unraced(text: string): string {
  if (!/^DISAGREED|^MOVED/m.test(text)) return text;
  return text.replaceAll(
    /^(WORKER +VIA +OUTCOME +DIGEST|\w+ +(?:local|ssh) +(?:saw|differs) +sha256:[0-9a-f]+…) .*$/gm,
    "$1",
  );
}
