import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Tofu3Error } from "../../errors.ts";
import { arm, type Arming } from "./armed.ts";
import { checkedFormula, checkedImage, type CheckedImage } from "./image.ts";
import type { Doors } from "./doors.ts";
import { planOf, type Checked, type Plan } from "./plan.ts";
import { runClient, type Ran } from "./run.ts";
import { verdictOfPull, type PullVerdict } from "./verdict.ts";

export interface CheckRequest {
  readonly client: Checked;
  /** Null: one that everybody may pull. */
  readonly image: string | null;
  readonly doors: Doors;
  /** Of the gate. */
  readonly store: string;
  readonly hosts: string;
  readonly timeoutMs: number;
}

export interface CheckReport extends PullVerdict {
  readonly client: Checked;
  readonly image: string;
  /** How many of the client's requests the gate refused. */
  readonly refusals: number;
  readonly exitCode: number | null;
}

const GATE_MS = 5000;
/** podman takes no runroot of more than 50 characters. */
const LONGEST_PLACE = 26;
const CLEANUP_MS = 30_000;

/**
 * Has the gate refuse one image, runs the client's own pull of it, and judges what it did. Throws E_USAGE if the client
 * is not installed; rejects with the reason of `signal`. Nothing stays refused, and nothing that it pulled stays.
 */
export async function checkClient(
  request: CheckRequest,
  surroundings: { readonly env: Readonly<Record<string, string | undefined>>; readonly now: () => Date },
  signal: AbortSignal,
): Promise<CheckReport> {
  const { client, image, doors, timeoutMs } = request;
  const wanted = client === "brew" ? checkedFormula(image) : checkedImage(image, doors);
  const arming = await arm(request.store, wanted.armed, timeoutMs + GATE_MS, surroundings.now);
  const report = (verdict: PullVerdict, ran: Ran | null, refusals: number): CheckReport => {
    return { client, image: wanted.image, ...verdict, refusals, exitCode: ran?.code ?? null };
  };
  try {
    if (!(await isKnown(arming, signal))) return report(noGate(request), null, 0);
    const ran = await pullOnce(request, wanted, surroundings.env, signal);
    const refusals = (await arming.refusals()) ?? 0;
    const { nonce } = arming;
    const seen = { ...ran, refusals, nonce, upstream: wanted.armed.registry, image: wanted.image };
    return report(lateOr(verdictOfPull(client, seen), ran, timeoutMs), ran, refusals);
  } finally {
    await arming.disarm();
  }
}

function noGate({ store }: CheckRequest): PullVerdict {
  return { kind: "unknown", because: `no gate watches the store ${store}: is tofu3 serve running?` };
}

/** What it did before it was ended counts, unless that was nothing. */
function lateOr(verdict: PullVerdict, { end }: Ran, timeoutMs: number): PullVerdict {
  if (end !== "late" || verdict.kind === "open") return verdict;
  return { kind: "unknown", because: `its pull did not end within ${timeoutMs / 1000} s` };
}

async function isKnown(arming: Arming, signal: AbortSignal): Promise<boolean> {
  const end = performance.now() + GATE_MS;
  while (performance.now() < end) {
    if ((await arming.refusals()) !== null) return true;
    signal.throwIfAborted();
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return false;
}

async function pullOnce(
  { client, hosts, timeoutMs }: CheckRequest,
  { image }: CheckedImage,
  env: Readonly<Record<string, string | undefined>>,
  signal: AbortSignal,
): Promise<Ran> {
  const folder = await mkdtemp(join(tmpdir().length > LONGEST_PLACE ? "/tmp" : tmpdir(), "tofu3-check-"));
  const plan = planOf(client, { image, folder, hosts });
  const all = { ...env, ...plan.env };
  try {
    const wasThere = plan.isThere !== null && (await runClient(plan.isThere, all, CLEANUP_MS, signal)).code === 0;
    try {
      const ran = await runClient(plan.pull, all, timeoutMs, signal);
      if (ran.end === "missing") throw notInstalled(client, plan);
      return ran;
    } finally {
      if (!wasThere) for (const command of plan.cleanUp) await quietly(command, all);
    }
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

/** Also after an interruption. */
async function quietly(command: readonly string[], env: Readonly<Record<string, string | undefined>>): Promise<void> {
  await runClient(command, env, CLEANUP_MS, new AbortController().signal).catch(() => undefined);
}

function notInstalled(client: Checked, { pull }: Plan): Tofu3Error {
  return new Tofu3Error("E_USAGE", `cannot check ${client}: there is no program "${pull[0] ?? ""}" in PATH`, {
    hint: "run it where that client is installed, as whoever uses it",
  });
}
