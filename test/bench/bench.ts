import { spawnSync } from "node:child_process";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { CASES, type Case } from "./cases.ts";
import { CONTENDERS } from "./contenders.ts";
import { RTT_MS, startLoopback, startWan, whyNoWan, type Ground } from "./ground.ts";
import { BOTTLES_NAME, pushBottles, pushPins, pushShape } from "./images.ts";
import { measure, type Sample } from "./measure.ts";
import { renderMarkdown, renderText, type Measured } from "./table.ts";

const PINS = 500;

async function prepare(ground: Ground, one: Case, pushed: Set<string>): Promise<void> {
  const name = nameOf(one);
  if (one.image === null || pushed.has(name)) return;
  pushed.add(name);
  if (one.image === "pins") await pushPins(ground, PINS);
  else if (one.image === "bottles") await pushBottles(ground);
  else await pushShape(ground, one.image);
}

function nameOf({ image }: Case): string {
  if (image === "bottles") return BOTTLES_NAME;
  return image === null ? "" : image === "pins" ? image : image.name;
}

async function runCase(ground: Ground, one: Case, rounds: number): Promise<Measured> {
  const samples = new Map<string, Sample[]>(one.contenders.map((each) => [each, []]));
  for (let round = 0; round < Math.min(rounds, one.rounds ?? rounds); round++) {
    // Turn by turn, so that what drifts on the machine drifts for all of them.
    for (const name of one.contenders) {
      const out = join(ground.folder, "out");
      const command = await CONTENDERS[name](ground, nameOf(one), out);
      const sample = await measure(command, ground.folder);
      samples.get(name)?.push(sample);
      for (const each of [out, `${out}-0`, `${out}-1`, `${out}-2`]) await rm(each, { recursive: true, force: true });
      spawnSync("sync");
      process.stderr.write(`${one.name}: ${name}: ${sample.wallSeconds.toFixed(2)} s\n`);
    }
  }
  return { case: one, samples };
}

async function runGround(start: () => Promise<Ground>, cases: readonly Case[], rounds: number): Promise<Measured[]> {
  const measured: Measured[] = [];
  const pushed = new Set<string>();
  const ground = await start();
  try {
    for (const one of cases) {
      await prepare(ground, one, pushed);
      measured.push(await runCase(ground, one, rounds));
    }
  } finally {
    await ground.stop();
  }
  return measured;
}

/** `npm run bench -- [--rounds N] [--only TEXT] [--json FILE] [--markdown FILE]` */
export async function main(args: readonly string[]): Promise<number> {
  const text = { type: "string" } as const;
  const { values } = parseArgs({ args: [...args], options: { rounds: text, only: text, json: text, markdown: text } });
  const rounds = Number(values.rounds ?? 5);
  const chosen = CASES.filter((one) => values.only === undefined || one.name.includes(values.only));
  const loopback = chosen.filter((one) => one.ground === "loopback");
  const gate = chosen.filter((one) => one.ground === "gate");
  const wan = chosen.filter((one) => one.ground === "WAN");
  const measured = loopback.length === 0 ? [] : await runGround(() => startLoopback(2), loopback, rounds);
  if (gate.length > 0) measured.push(...(await runGround(() => startLoopback(2, "gate"), gate, rounds)));
  const missing = wan.length === 0 ? null : whyNoWan();
  if (missing !== null) process.stderr.write(`no WAN (${RTT_MS} ms) here: ${missing}\n`);
  else if (wan.length > 0)
    measured.push(
      ...(await runGround(
        () => startWan(wan.some((one) => one.contenders.includes("tofu3, nine workers")) ? 8 : 2),
        wan,
        rounds,
      )),
    );
  process.stdout.write(renderText(measured));
  if (values.markdown !== undefined) await writeFile(values.markdown, renderMarkdown(measured, rounds));
  if (values.json !== undefined) {
    const rows = measured.map((each) => ({ case: each.case.name, samples: Object.fromEntries(each.samples) }));
    await writeFile(values.json, `${JSON.stringify(rows, null, 2)}\n`);
  }
  return 0;
}
