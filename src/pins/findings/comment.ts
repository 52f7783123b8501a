import { isChild, settled, type Rule } from "./case.ts";

/** What the reference says and what the comment on its line says do not fit. */
export const tagDigestComment: Rule = ({ mention: { comment }, target, examination }) => {
  if (comment === null || target.kind === "bottle") return [];
  const { tag, digest } = target.reference;
  const kind = "tag-digest-comment";
  if (tag !== undefined) {
    if (tag === comment) return [];
    const message = `its tag is "${tag}", and the comment on its line says "${comment}"`;
    return [{ kind, message, next: "find out which of the two is meant, and correct the other", digest: null }];
  }
  const root = settled(examination.claims.get(comment) ?? null);
  if (digest === undefined || root === null || root.digest === digest || isChild(digest, root)) return [];
  if (settled(examination.pin)?.digest === root.digest) return [];
  const message = `the comment on its line says "${comment}", and that tag leads to ${root.digest}, which is not the digest and does not have it`;
  const next = "look up which version the digest is: correct the comment, or move the pin";
  return [{ kind, message, next, digest: root.digest }];
};
