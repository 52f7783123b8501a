import { Tofu3Error, visible } from "../errors.ts";
import { formatSubject, subjectOf, type Subject } from "../model/subject.ts";
import { parseReference, withoutSecrets, type Reference } from "../oci/reference.ts";
import type { Settings } from "./argv/settings.ts";
import type { Io } from "./io.ts";

/** Transports of skopeo and podman for images that are in no registry. */
const LOCAL = /^(?:oci|oci-archive|dir|docker-archive|docker-daemon|containers-storage|tarball|sif|ostree):(?!\/\/)/;

/**
 * What a person named for `command`. Says so on stderr where neither tag nor digest was given and the default tag is
 * used. Throws E_REFERENCE.
 */
export function readSubject(text: string, command: string, settings: Settings, io: Io): Subject {
  const reference = readReference(text, command);
  const subject = subjectOf(reference);
  if (reference.tag === undefined && reference.digest === undefined && !settings.quiet) {
    io.stderr.write(
      `tofu3: note: ${visible(text, 300)} has neither tag nor digest: looking at ${formatSubject(subject)}\n`,
    );
  }
  return subject;
}

/** Like `parseReference`; for a transport of another tool or a web address, the hint is the command without it. */
export function readReference(text: string, command: string): Reference {
  const [local] = LOCAL.exec(text) ?? [];
  if (local !== undefined) {
    const repository = `docker.io/library/${text}`;
    throw new Tofu3Error(
      "E_REFERENCE",
      `"${visible(text, 300)}" names an image on this machine (${local} of skopeo), and tofu3 asks registries`,
      {
        hint: isReference(repository)
          ? `if it is a repository of Docker Hub: tofu3 ${command} ${repository}`
          : "name it as its registry does, for example docker.io/library/alpine:3.20",
      },
    );
  }
  const [scheme] = /^[a-z][a-z0-9+.-]*:\/\//i.exec(text) ?? [];
  const rest = scheme === undefined ? null : withoutPage(text.slice(scheme.length));
  if (scheme === undefined || rest === null || !isReference(rest)) return parseReference(text);
  throw new Tofu3Error(
    "E_REFERENCE",
    `not a reference: "${withoutSecrets(text)}": it begins with "${visible(scheme)}"`,
    {
      hint: `tofu3 ${command} ${rest}`,
    },
  );
}

/** `hub.docker.com/_/alpine/tags` is a page about `alpine`. */
function withoutPage(text: string): string {
  const [, official, other] = /^hub\.docker\.com\/(?:_\/([^/?#]+)|r\/([^/?#]+\/[^/?#]+))/.exec(text) ?? [];
  return official ?? other ?? text;
}

function isReference(text: string): boolean {
  try {
    parseReference(text);
    return true;
  } catch {
    return false;
  }
}
