import { visible } from "../../errors.ts";
import { counted } from "../../report/text.ts";
import type { Settings } from "../argv/settings.ts";
import type { Io } from "../io.ts";
import { jsonAuditProgress } from "./json.ts";
import type { LiveLines } from "./lines.ts";
import { everMoreSeldom } from "./pace.ts";
import { clock, modeOf } from "./progress.ts";
import type { AuditView } from "./view.ts";
import { fitted } from "./width.ts";
import { durationText } from "./words.ts";

const REDRAW_MS = 120;
/** Before that, an estimate would jump about. */
const ENOUGH = 10;
/** The most lines about registries that want patience. */
const MOST_WORDS = 20;

interface Count {
  done: number;
  of: number;
  readonly since: number;
}

/** One line that is redrawn on a terminal; elsewhere one ever more seldom; nothing if unwanted. */
export async function openAuditProgress(io: Io, settings: Settings): Promise<AuditView> {
  const mode = modeOf(io, settings);
  const nothing = (): void => undefined;
  if (mode === "none") return { watch: nothing, pause: nothing, resume: nothing, stop: nothing };
  if (mode === "json") return jsonAuditProgress(io.stderr, clock);
  return auditLines(io, mode === "live" ? (await import("./lines.ts")).openLines(io.stderr) : null);
}

/** Null: nothing can be redrawn. */
function auditLines({ stderr }: Io, lines: LiveLines | null): AuditView {
  const count: Count = { done: 0, of: 0, since: clock() };
  let paused = false;
  const say = (text: string): void => {
    lines?.clear();
    stderr.write(`tofu3: ${text}\n`);
  };
  const draw = (): void => {
    if (count.of === 0 || paused) return;
    const line = lineOf(count, clock());
    if (lines === null) say(line);
    else lines.draw((columns) => fitted(line, Math.max(1, columns - 1)));
  };
  const stop = lines === null ? everMoreSeldom(draw, clock) : redrawing(draw);
  const said = new Set<string>();
  return {
    watch: (progress) => {
      if (progress.kind === "done") Object.assign(count, { done: progress.done, of: progress.of });
      const word = wordOf(progress);
      if (word === null || said.has(word.about)) return;
      if (progress.kind !== "warned" && said.size >= MOST_WORDS) return;
      said.add(word.about);
      say(word.text);
    },
    pause: () => {
      paused = true;
      lines?.clear();
      lines?.done();
    },
    resume: () => {
      paused = false;
    },
    stop: () => {
      stop();
      lines?.clear();
      lines?.done();
    },
  };
}

function redrawing(draw: () => void): () => void {
  const timer = setInterval(draw, REDRAW_MS);
  timer.unref();
  return () => clearInterval(timer);
}

/** `312 of 500 references, 8 s left` */
export function lineOf({ done, of, since }: Count, now: number): string {
  const left = done < ENOUGH || done === of ? null : ((now - since) / done) * (of - done);
  return `${done} of ${counted(of, "reference")}${left === null ? "" : `, ${durationText(left)} left`}`;
}

/** What is said between the counts, and what it is about: of one thing it is said once. */
function wordOf(progress: Parameters<AuditView["watch"]>[0]): { readonly about: string; readonly text: string } | null {
  switch (progress.kind) {
    case "done":
      return null;
    case "warned":
      return { about: progress.text, text: `notice: ${visible(progress.text, 2000)}` };
    case "resumed":
      return { about: progress.kind, text: resumedText(progress.answers, progress.since) };
    case "slowed":
    case "closed":
      return { about: `${progress.kind} ${String(progress.registry)}`, text: patienceText(progress) };
  }
}

function patienceText({
  kind,
  registry,
  why,
}: {
  readonly kind: "slowed" | "closed";
  readonly registry: string | null;
  readonly why: string;
}): string {
  if (registry === null) return `nothing more is asked: ${why}`;
  const name = visible(registry, 100);
  return kind === "slowed" ? `${name} is asked more slowly: ${why}` : `${name} is asked no more: ${why}`;
}

function resumedText(answers: number, since: string): string {
  const what = counted(answers, "answer");
  return `carrying on an audit that was interrupted: ${what} since ${since.slice(0, 19)}Z are known (--fresh asks again)`;
}
