import { COMMON, type Answer } from "./answer.ts";
import type { TagsPage } from "./route.ts";

/**
 * distribution-spec 1.1, "Listing Tags": `tags` are sorted, `target` is what was asked for, and `Link` leads to the next
 * page.
 */
export function tagsAnswer(
  repository: string,
  tags: readonly string[],
  page: TagsPage,
  target: string,
  namespace: string | null,
): Answer {
  const { n, last } = page;
  const rest = last === null ? tags : tags.filter((tag) => tag > last);
  const shown = n === null ? rest : rest.slice(0, n);
  const end = shown.at(-1);
  const link = n !== null && end !== undefined && rest.length > n ? nextOf(target, end) : null;
  return {
    status: 200,
    reason: null,
    headers: {
      ...COMMON,
      "Content-Type": "application/json",
      ...(namespace === null ? {} : { "OCI-Namespace": namespace }),
      ...(link === null ? {} : { Link: `<${link}>; rel="next"` }),
    },
    body: `${JSON.stringify({ name: repository, tags: shown })}\n`,
  };
}

/** The same list, after `last`. */
function nextOf(target: string, last: string): string {
  const url = new URL(target, "http://gate.invalid");
  url.searchParams.set("last", last);
  return `${url.pathname}${url.search}`;
}
