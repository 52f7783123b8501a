import { Tofu3Error, visible } from "../errors.ts";
import { isWebAddress, parseFileUrl } from "../file/url.ts";
import { formatSubject, subjectOf, type ImageSubject, type Subject } from "../model/subject.ts";
import { parseReference, withoutSecrets, type Reference } from "../oci/reference.ts";
import type { Settings } from "./argv/settings.ts";
import type { Io } from "./io.ts";

/** Pages of Docker Hub about an image, which is meant. */
const PAGES = /^https?:\/\/hub\.docker\.com\/(?:_|r)\//i;

/** Transports of skopeo and podman for images that are in no registry. */
const LOCAL = /^(?:oci|oci-archive|dir|docker-archive|docker-daemon|containers-storage|tarball|sif|ostree):(?!\/\/)/;

/** What a person named. */
export interface Named {
  /** As written; of a URL, without its query. */
  readonly reference: string;
  readonly subject: Subject;
  /** Of a file, the URL with its query. */
  readonly url?: string | undefined;
}

/** A reference, or the `https:` URL of a file. Throws E_REFERENCE. */
export function readSubject(text: string, command: string, settings: Settings, io: Io): Named {
  if (!isWebAddress(text) || PAGES.test(text) || isPlainReference(text))
    return { reference: text, subject: readImage(text, command, settings, io) };
  const { url, shown, pin } = parseFileUrl(text);
  const subject = { url: shown, pin };
  return { reference: formatSubject(subject), subject, url };
}

/** `http://localhost:5000/a:1`: no file has a tag, and http is refused in any case. */
function isPlainReference(text: string): boolean {
  if (!/^http:/i.test(text)) return false;
  const rest = text.slice("http://".length);
  const slash = rest.lastIndexOf("/");
  return slash !== -1 && /[:@]/.test(rest.slice(slash)) && isReference(rest);
}

/**
 * A reference alone. Says so on stderr where neither tag nor digest was given and the default tag is used. Throws
 * E_REFERENCE.
 */
export function readImage(text: string, command: string, settings: Settings, io: Io): ImageSubject {
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
