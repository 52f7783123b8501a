import type { Node, Yaml } from "./yaml.ts";

/** The values of one job of a matrix, by name. */
export interface Combination {
  readonly values: ReadonlyMap<string, Node>;
  /** Other values are made when the workflow runs. */
  readonly dynamic: boolean;
}

// https://docs.github.com/en/actions/reference/limits: a matrix makes up to 256 jobs
const MOST_JOBS = 256;
const DYNAMIC = "${{";

/** The jobs that a GitHub workflow's matrix makes. */
export function matrixOf(document: Yaml, matrix: Node | null): readonly Combination[] {
  const axes = document.entries(matrix).filter(([key]) => key !== "include" && key !== "exclude");
  const isDynamic = (node: Node | null): boolean => document.text(node)?.value.includes(DYNAMIC) === true;
  const dynamic =
    isDynamic(matrix) || isDynamic(document.get(matrix, "include")) || axes.some(([, axis]) => isDynamic(axis));
  let jobs: ReadonlyMap<string, Node>[] = axes.length === 0 ? [] : [new Map()];
  for (const [key, axis] of axes) {
    const values = document.items(axis);
    if (values.length === 0) continue;
    document.spend(jobs.length * values.length);
    jobs = jobs
      .flatMap((job) => values.slice(0, MOST_JOBS).map((value) => new Map([...job, [key, value]])))
      .slice(0, MOST_JOBS);
  }
  for (const exclude of document.items(document.get(matrix, "exclude"))) {
    const wanted = document.entries(exclude);
    jobs = jobs.filter((job) => !wanted.every(([key, value]) => same(document, job.get(key) ?? null, value)));
  }
  const included = includeInto(document, jobs, document.items(document.get(matrix, "include")));
  if (included.length === 0) return [{ values: new Map(), dynamic: true }];
  return included.map((values) => ({ values, dynamic }));
}

/** An entry goes into every job whose own values it keeps; one that fits none makes a job of its own. */
function includeInto(
  document: Yaml,
  jobs: readonly ReadonlyMap<string, Node>[],
  includes: readonly Node[],
): readonly ReadonlyMap<string, Node>[] {
  const all = jobs.map((own) => ({ own, values: new Map(own) }));
  const added: ReadonlyMap<string, Node>[] = [];
  for (const include of includes.slice(0, MOST_JOBS)) {
    const entries = document.entries(include);
    const fits = all.filter(({ own }) =>
      entries.every(([key, value]) => !own.has(key) || same(document, own.get(key) ?? null, value)),
    );
    for (const { values } of fits) for (const [key, value] of entries) values.set(key, value);
    if (fits.length === 0) added.push(new Map(entries));
  }
  return [...all.map(({ values }) => values), ...added];
}

/** Whether two values are the same; of two mappings, whether each has what the other has. */
function same(document: Yaml, one: Node | null, other: Node | null): boolean {
  const [left, right] = [document.text(one), document.text(other)];
  if (left !== null || right !== null) return left?.value === right?.value;
  const [entries, others] = [document.entries(one), document.entries(other)];
  const equal = entries.every(([key, value]) => same(document, value, document.get(other, key)));
  return one === other || (entries.length > 0 && entries.length === others.length && equal);
}
