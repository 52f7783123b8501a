import { visible } from "../errors.ts";
import { formatSubject, subjectOf, type Subject } from "../model/subject.ts";
import { parseReference } from "../oci/reference.ts";
import type { Settings } from "./argv/invocation.ts";
import type { Io } from "./io.ts";

/**
 * What a person named. Says so on stderr where neither tag nor digest was given and the default tag is used. Throws
 * E_REFERENCE.
 */
export function readSubject(text: string, settings: Settings, io: Io): Subject {
  const reference = parseReference(text);
  const subject = subjectOf(reference);
  if (reference.tag === undefined && reference.digest === undefined && !settings.quiet) {
    io.stderr.write(
      `tofu3: note: ${visible(text, 300)} has neither tag nor digest: looking at ${formatSubject(subject)}\n`,
    );
  }
  return subject;
}
