import { isGit, type ListedSubject } from "../../model/listed.ts";
import { commitAt, parseRefs } from "../../file/gitrefs.ts";
import { parseReleases } from "../../file/releases.ts";

/** Where a list is, and how it is read. */
export interface Listing {
  /** What is requested. */
  readonly url: string;
  readonly accept: string;
  /** Reads the whole list; the result says what it has of one subject, null if nothing. Throws E_NOT_CONTENT. */
  readonly read: (body: Uint8Array) => (subject: ListedSubject) => string | null;
}

export function listingOf(subject: ListedSubject): Listing {
  if (isGit(subject)) {
    return {
      url: `${subject.repository}/info/refs?service=git-upload-pack`,
      accept: "*/*",
      read: (body) => {
        const refs = parseRefs(body);
        return (each) => (isGit(each) ? commitAt(refs, each.ref) : null);
      },
    };
  }
  return {
    url: `${subject.index}${subject.project}/`,
    accept: "application/vnd.pypi.simple.v1+json",
    read: (body) => {
      const releases = parseReleases(body);
      return (each) => (isGit(each) ? null : (releases.get(each.digest) ?? null));
    },
  };
}
