import { visible } from "../../errors.ts";
import type { AuditProgress } from "../../coordinator/audit/request.ts";
import { counted } from "../../report/text.ts";
import type { Settings } from "../argv/invocation.ts";
import type { Io } from "../io.ts";
import { isLive } from "./progress.ts";

const REDRAW_MS = 120;
const EVERY_MS = 5000;
/** Before that, an estimate would jump about. */
const ENOUGH = 10;
/** The most lines about registries that want patience. */
const MOST_WORDS = 20;

export interface AuditView {
  readonly watch: (progress: AuditProgress) => void;
  stop(): void;
}

interface Count {
  done: number;
  of: number;
  readonly since: number;
}

/** One line that is redrawn on a terminal; elsewhere one every few seconds; nothing if unwanted. */
export async function openAuditProgress(io: Io, settings: Settings): Promise<AuditView> {
  if (settings.quiet || !settings.progress) return { watch: () => undefined, stop: () => undefined };
  const { stderr } = io;
  const count: Count = { done: 0, of: 0, since: performance.now() };
  const lines = isLive(io, settings) ? (await import("./terminal.ts")).openLines(stderr) : null;
  const say = (text: string): void => {
    lines?.clear();
    stderr.write(`tofu3: ${text}\n`);
  };
  const draw = (): void => {
    if (count.of === 0) return;
    const line = lineOf(count, performance.now());
    if (lines === null) say(line);
    else lines.draw((columns) => line.slice(0, Math.max(1, columns - 1)));
  };
  const timer = setInterval(draw, lines === null ? EVERY_MS : REDRAW_MS);
  timer.unref();
  const said = new Set<string>();
  return {
    watch: (progress) => {
      if (progress.kind === "done") Object.assign(count, { done: progress.done, of: progress.of });
      if (progress.kind === "warned") say(`notice: ${visible(progress.text, 2000)}`);
      if (progress.kind === "resumed") say(resumedText(progress.answers, progress.since));
      if (progress.kind !== "slowed" && progress.kind !== "closed") return;
      const text = patienceText(progress);
      const about = `${progress.kind} ${String(progress.registry)}`;
      if (said.has(about) || said.size >= MOST_WORDS) return;
      said.add(about);
      say(text);
    },
    stop: () => {
      clearInterval(timer);
      lines?.clear();
      lines?.done();
    },
  };
}

/** `312 of 500 references, 8 s left` */
export function lineOf({ done, of, since }: Count, now: number): string {
  const left = done < ENOUGH || done === of ? null : ((now - since) / done) * (of - done);
  return `${done} of ${counted(of, "reference")}${left === null ? "" : `, ${durationText(left)} left`}`;
}

function patienceText({ kind, registry, why }: Extract<AuditProgress, { readonly registry: unknown }>): string {
  if (registry === null) return `nothing more is asked: ${why}`;
  const name = visible(registry, 100);
  return kind === "slowed" ? `${name} is asked more slowly: ${why}` : `${name} is asked no more: ${why}`;
}

function durationText(ms: number): string {
  const seconds = Math.ceil(ms / 1000);
  return seconds < 120 ? `${seconds} s` : `${Math.round(seconds / 60)} min`;
}

function resumedText(answers: number, since: string): string {
  const what = counted(answers, "answer");
  return `carrying on an audit that was interrupted: ${what} since ${since.slice(0, 19)}Z are known (--fresh asks again)`;
}
