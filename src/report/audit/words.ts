import type { FindingKind } from "../../model/findingkind.ts";

/** A kind of finding in words; docs/audit.md has the same. */
export interface Meaning {
  /** A title of a few words. */
  readonly title: string;
  /** What it means, in whole sentences. */
  readonly meaning: string;
  /** What to do, in whole sentences. */
  readonly todo: string;
}

export const MEANINGS: Readonly<Record<FindingKind, Meaning>> = {
  disagreed: {
    title: "The workers do not see the same",
    meaning:
      "Two workers were given different things for the same tag or digest, or were told of different commits or checksums, or one was given bytes that do not match their digest. This is the alarm. It always fails, and neither a comment nor a baseline can hide it.",
    todo: "Use none of it until it is explained. Run `tofu3 verify` on the reference with `--keep-evidence DIR`, and read the diagnosis.",
  },
  mislabelled: {
    title: "It is not what it is called",
    meaning:
      "All workers see the same bytes, but some are told another media type for them, or a bottle index holds another version than its tag says.",
    todo: "Do not use it before its publisher or the registry's operator has put it right.",
  },
  "pin-gone": {
    title: "The pinned digest no longer exists",
    meaning:
      "Every worker was told that the digest does not exist, as when a registry removes what no tag leads to. For a bottle, the file itself is gone. For a URL, nothing is there any more, or other bytes than those of the checksum, and the same at every worker. For a requirement, its index no longer has the checksum.",
    todo: "Pin what its publisher says has replaced it, and keep a copy of what you depend on in a registry of your own.",
  },
  "hollow-index": {
    title: "A part of it does not exist",
    meaning:
      "The index or the manifest is there, and something that it lists is not, for every worker. It cannot be pulled as a whole.",
    todo: "Pin a digest of which every part is there, and tell its publisher.",
  },
  moved: {
    title: "The tag moved during the audit",
    meaning:
      "The tag led to one digest when the workers began to look, and to another in the end, as when its publisher pushes. Each digest is the same everywhere.",
    todo: "Run the audit again.",
  },
  "changed-since-ledger": {
    title: "The tag leads elsewhere than the ledger says",
    meaning:
      "All workers agree on what the tag leads to, and it is not what they agreed on the last time. It may also have gone back to something older.",
    todo: "Ask the publisher what changed. To accept it, verify the tag once with the new digest behind it.",
  },
  "tag-digest-comment": {
    title: "Tag, digest and comment contradict each other",
    meaning:
      "The comment on the line names another tag than the reference, or a tag that leads to something other than the digest, or the commit. A comment's tag that does not exist is not reported: it may be no tag at all.",
    todo: "Find out which of them is meant, and correct the others.",
  },
  "platform-pin": {
    title: "Only one platform is pinned",
    meaning:
      "The pin is a single manifest, and the tag leads to an index of several platforms. On other platforms it fails, or runs by emulation.",
    todo: "Pin the digest of the index, unless one platform is what you mean.",
  },
  "floating-tag": {
    title: "The tag is made to move",
    meaning:
      "There is no digest, and the tag is none at all, `latest`, or a word such as `main`, `stable`, `edge`, `nightly` or `lts` without a number. Such a tag leads to something else every few days. Of an action, it is a branch.",
    todo: "Name the version that you mean, and pin it.",
  },
  unpinned: {
    title: "There is no digest",
    meaning:
      "What is used is whatever the tag leads to at that time, and whoever can move the tag decides what that is. An action's pin is a commit.",
    todo: "`tofu3 pin` writes the digest that all workers agree on. The commit of an action is in the finding, to be written by hand.",
  },
  "stale-pin": {
    title: "The tag has moved past the pin",
    meaning:
      "The digest is still there, and its tag leads elsewhere by now, or no longer exists. For a bottle, its index lists another file. What you get is still what you pinned, so this is information unless `--fail-on stale-pin` is given.",
    todo: "Move the pin when the publisher says what has changed.",
  },
  grew: {
    title: "The index has more entries than before",
    meaning:
      "The tag leads to another index, which has everything that the pin or the ledger's last agreement has, unchanged, and more. This is information.",
    todo: "Nothing. Move the pin if you need what was added.",
  },
  unresolved: {
    title: "The reference cannot be known from the file",
    meaning:
      "It is put together when something runs: a variable without a default, an expression, a template. Nothing was asked. This is information unless `--fail-on unresolved` is given.",
    todo: "Write it out, or give what it is made of a default in the same file.",
  },
  unreachable: {
    title: "It could not be checked",
    meaning:
      "Not every worker has an answer, or the workers are not distinct enough, or the tag does not exist, or the registry is one that is not asked, or neither a tag nor a branch leads to the commit. Nobody contradicts anybody: this is never a finding about security, and never fails.",
    todo: "Read the cause, mend it, and run the audit again.",
  },
};
