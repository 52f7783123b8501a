import type { Evidence } from "../../model/evidence.ts";
import { isSelective } from "../../model/job.ts";
import { rootOf, type Observation } from "../../model/observation.ts";
import { formatSubject, isFile, parseSubject, pinOf, rootDigestOf, type Subject } from "../../model/subject.ts";
import { formatReference } from "../../oci/reference.ts";
import type { ResourceDescriptor } from "./statement.ts";

/** What statements are about: the root, and the manifests that were selected from it. */
export interface Subjects {
  /** For the verdict: what any vantage saw, each once, in the order of the observations. Empty if there is nothing. */
  readonly all: readonly ResourceDescriptor[];
  /** In the order of the observations: what that vantage saw, or `all` if it saw nothing. */
  readonly each: readonly (readonly ResourceDescriptor[])[];
}

export function subjectsOf({ request, observations }: Pick<Evidence, "request" | "observations">): Subjects {
  const asked = parseSubject(request.reference);
  const seen = observations.map((observation) => seenBy(observation, asked, isSelective(request)));
  const found = distinct(seen.flat());
  const wanted = rootDigestOf(asked) ?? pinOf(asked) ?? observations.map((each) => pinOf(each.asked))[0] ?? null;
  const all =
    found.length > 0 || wanted === null ? found : [described(isFile(asked) ? asked.url : formatSubject(asked), wanted)];
  return { all, each: seen.map((own) => (own.length === 0 ? all : own)) };
}

function seenBy({ digest, objects }: Observation, asked: Subject, selects: boolean): readonly ResourceDescriptor[] {
  if (digest === null) return [];
  if (isFile(asked)) return [described(asked.url, digest)];
  const { registry, repository } = asked;
  const root = rootOf(objects);
  const selected = objects.flatMap(({ role, computed, parent }) =>
    selects && role === "manifest" && computed !== null && parent !== null && parent === root?.digest ? [computed] : [],
  );
  return distinct([
    described(formatSubject(asked), digest),
    ...selected.map((each) => described(formatReference({ registry, repository, digest: each }), each)),
  ]);
}

function described(name: string, digest: string): ResourceDescriptor {
  const [algorithm = "", hex = ""] = digest.split(":");
  return { name, digest: { [algorithm]: hex } };
}

function distinct(all: readonly ResourceDescriptor[]): readonly ResourceDescriptor[] {
  return [...new Map(all.map((each) => [JSON.stringify(each), each])).values()];
}
