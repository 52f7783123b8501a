import { asError } from "../../errors.ts";
import type { Job } from "../../model/job.ts";
import type { Fault } from "../../model/observation.ts";
import type { Repository } from "../../oci/reference.ts";
import type { Vantage } from "../../worker/vantage.ts";
import { faultFrom } from "../../worker/walk/ending.ts";
import { readTags } from "../../worker/walk/tags.ts";

/** The tags that every vantage lists, sorted; or the first fault in the order of the vantages. */
export async function tagsOfAll(
  vantages: readonly Vantage[],
  repository: Repository,
  how: Pick<Job, "limits" | "publicOnly">,
  signal: AbortSignal,
): Promise<readonly string[] | Fault> {
  const lists = await Promise.all(vantages.map((vantage) => tagsAt(vantage, repository, how, signal)));
  for (const each of lists) if ("code" in each) return each;
  const [first, ...others] = lists.flatMap((each) => ("code" in each ? [] : [each]));
  return [...(first ?? [])].filter((tag) => others.every((each) => each.has(tag))).sort();
}

async function tagsAt(
  vantage: Vantage,
  repository: Repository,
  how: Pick<Job, "limits" | "publicOnly">,
  signal: AbortSignal,
): Promise<ReadonlySet<string> | Fault> {
  try {
    return new Set(await readTags(vantage, repository, how, signal));
  } catch (thrown) {
    signal.throwIfAborted();
    return faultFrom(asError(thrown));
  }
}
