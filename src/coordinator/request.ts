import { randomBytes } from "node:crypto";
import { Tofu3Error } from "../errors.ts";
import type { Destination } from "../model/destination.ts";
import { parseSelection, type Job, type SelectionText } from "../model/job.ts";
import type { Fault } from "../model/observation.ts";
import type { Policy } from "../model/policy.ts";
import type { Subject } from "../model/subject.ts";
import { parseDestination } from "../release/destination.ts";
import type { Runtime } from "./runtime.ts";
import { ENGINES } from "./vantages.ts";

/** What the user asked for. */
export interface VerifyRequest extends SelectionText {
  /** As written. */
  readonly reference: string;
  /** The reference, parsed. */
  readonly subject: Subject;
  /** `-o DEST`, or where a command of tofu3 wants it. */
  readonly destination: string | Destination | null;
  readonly force: boolean;
  /** `--days N`; null: as many as the policy says. */
  readonly days: number | null;
  /** `--keep-evidence DIR` */
  readonly keepEvidence: string | null;
  /** Whether the ledger is read and written. */
  readonly remember: boolean;
}

export function jobOf(
  request: SelectionText & { readonly subject: Subject },
  limits: Job["limits"],
  depth: Job["depth"],
): Job {
  return {
    run: randomBytes(16).toString("hex"),
    subject: request.subject,
    selection: parseSelection(request),
    limits,
    depth,
  };
}

/** Throws E_USAGE and E_DESTINATION. */
export function destinationOf(request: VerifyRequest, runtime: Runtime): Destination | null {
  if (request.destination === null) return null;
  checkKeeper(runtime);
  const { destination, force } = request;
  return typeof destination === "string" ? parseDestination(destination, force, runtime.cwd) : destination;
}

/** Throws E_USAGE where no worker keeps what it fetches. */
export function checkKeeper({ config }: Pick<Runtime, "config">): void {
  if (config.workers.some(({ via }) => ENGINES[via].keeps)) return;
  throw new Tofu3Error(
    "E_USAGE",
    "nothing can be released: no worker is local, and only a local worker keeps what it fetches",
    { hint: 'add "- { name: here, via: local }" to the workers' },
  );
}

export function requestError({ code, message, hint, choices }: Fault): Tofu3Error {
  return new Tofu3Error(code, message, { hint: hint ?? undefined, choices });
}

/** The policy of the configuration, with what the request asks for in its place. */
export function policyOf({ days }: Pick<VerifyRequest, "days">, { config }: Runtime): Policy {
  return days === null ? config.policy : { ...config.policy, days };
}
