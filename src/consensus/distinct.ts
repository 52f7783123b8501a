import type { Notes } from "../model/observation.ts";
import type { Distinct } from "../model/policy.ts";
import type { Indistinct } from "../model/verdict.ts";

/** A worker and what is known of its identity: the host key is proved, the rest is what its machine says. */
export interface Identified {
  readonly worker: string;
  readonly evidence: Pick<Notes, "hostKey" | "machine" | "boot">;
}

type Mark = readonly [mark: string | null, worker: string];

function groupsOf(why: Indistinct["why"], marks: readonly Mark[]): Indistinct[] {
  const groups = new Map<string, Set<string>>();
  for (const [mark, worker] of marks) {
    if (typeof mark === "string") groups.set(mark, (groups.get(mark) ?? new Set()).add(worker));
  }
  return [...groups.values()].filter((group) => group.size > 1).map((group) => ({ why, workers: [...group].sort() }));
}

/**
 * Workers with one proved host key count as one, whatever the policy. With `machine`, workers with one machine identity
 * count as one, and a worker of unknown identity is not distinct. A boot counts only against a machine without any
 * other identity: a container next to its host. Empty when all are distinct.
 */
export function indistinctOf(workers: readonly Identified[], distinct: readonly Distinct[]): readonly Indistinct[] {
  const oneKey = groupsOf(
    "host key",
    workers.map(({ worker, evidence }): Mark => [evidence.hostKey, worker]),
  );
  if (!distinct.includes("machine")) return oneKey;
  const machines = new Set(workers.map(({ evidence }) => evidence.machine));
  const boots = workers.filter(({ evidence }) => machines.has(evidence.boot));
  const oneMachine = groupsOf("machine", [
    ...workers.map(({ worker, evidence }): Mark => [evidence.machine, worker]),
    ...boots.map(({ worker, evidence }): Mark => [evidence.boot, worker]),
  ]);
  const unknown = workers.filter(({ evidence }) => typeof evidence.machine !== "string").map(({ worker }) => worker);
  return [
    ...oneKey,
    ...oneMachine,
    ...(unknown.length === 0 ? [] : [{ why: "unknown machine" as const, workers: unknown.sort() }]),
  ];
}
