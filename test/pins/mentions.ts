import { Lines } from "../../src/pins/text.ts";
import type { Edit, Ignore, Mention, Source, Target } from "../../src/model/mention.ts";
import { parseDigest, type Digest } from "../../src/oci/digest.ts";
import { parseReference } from "../../src/oci/reference.ts";

/** A digest that can be told from others at a glance. */
export function digest(digit: string): Digest {
  return parseDigest(`sha256:${digit.repeat(64)}`);
}

export const [OLD, NEW, OTHER] = [digest("0"), digest("1"), digest("2")] as const;

export interface Described {
  /** `compose` unless something else is said. */
  readonly source?: Source;
  readonly file?: string;
  readonly text?: string;
  readonly target?: Target;
  readonly edits?: readonly Edit[];
  readonly byHand?: string;
  readonly ignores?: readonly Ignore[];
}

/** A reference that stands in a file as it is, the first of its kind. */
export function mentionOf(written: string, { file = "f", text = written, ...more }: Described = {}): Mention {
  const start = text.indexOf(written);
  const end = start + written.length;
  const edit = { start: written.includes("@") ? start + written.indexOf("@") : end, end, before: "@", after: "" };
  return {
    source: more.source ?? "compose",
    place: new Lines(text).place(file, start, end),
    text: written,
    target: more.target ?? { kind: "reference", reference: parseReference(written) },
    comment: null,
    ignores: more.ignores ?? [],
    pinning:
      more.byHand === undefined
        ? { kind: "edits", edits: more.edits ?? [edit] }
        : { kind: "by-hand", why: more.byHand },
  };
}
