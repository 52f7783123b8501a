import { quoted } from "../durable.ts";
import { readDocument, pathText, type ConfigDocument, type Mistake, type Path } from "../config/document.ts";
import { Tofu3Error, visible } from "../errors.ts";
import { isFile, pinOf, rootDigestOf, tagOf, type Subject } from "../model/subject.ts";
import { isDigest, type Digest } from "../oci/digest.ts";
import { formatReference, parseReference, type Reference } from "../oci/reference.ts";

/** What a tag led to when all workers agreed on it. */
export interface Pin {
  /** As `lockName` writes it. */
  readonly reference: string;
  readonly digest: Digest;
  /** UTC, ISO 8601. */
  readonly at: string;
  /** The names of the workers, sorted. */
  readonly workers: readonly string[];
}

/** The content of a `tofu3.lock`: sorted by reference, each once. */
export interface Lock {
  readonly pins: readonly Pin[];
}

export const EMPTY_LOCK: Lock = { pins: [] };

const VERSION = 1;
const HEADER = '# Written by "tofu3 pin". "tofu3 verify --lock" holds a reference to its digest.';
const NEWER = "a newer tofu3 may have written it; update tofu3";
const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,3})?Z$/;
const WORKER = /^[A-Za-z0-9._-]{1,32}$/;

/** The reference without digest, normalised, with the tag `latest` where it has none. */
export function lockName({ registry, repository, tag }: Reference): string {
  return formatReference({ registry, repository, tag: tag ?? "latest" });
}

/** The lock with these pins in it. A pin whose digest is as before stays as it is, so that nothing changes for nothing. */
export function withPins(lock: Lock, fresh: readonly Pin[]): Lock {
  const pins = new Map(lock.pins.map((pin) => [pin.reference, pin]));
  for (const pin of fresh) if (pins.get(pin.reference)?.digest !== pin.digest) pins.set(pin.reference, pin);
  return { pins: sorted([...pins.values()]) };
}

function sorted(pins: readonly Pin[]): readonly Pin[] {
  return [...pins].sort((a, b) => (a.reference < b.reference ? -1 : 1));
}

/** One line for each pin, so that pins of two branches merge. */
export function renderLock({ pins }: Lock): string {
  const lines = sorted(pins).map(({ reference, digest, at, workers }) => {
    const names = [...workers].sort().map(scalar).join(", ");
    return `  - { reference: ${scalar(reference)}, digest: ${scalar(digest)}, at: "${at}", workers: [${names}] }`;
  });
  return [HEADER, `version: ${VERSION}`, "pins:", ...lines, ""].join("\n");
}

/** Plain where every YAML parser, old ones included, reads a plain text as itself; otherwise as in JSON. */
function scalar(text: string): string {
  const plain = /^[a-z][\w./-]*(?::[\w./-]+)*(?:@[\w./:-]+)?$/i.test(text);
  const word = /^(?:y|n|yes|no|on|off|true|false|null)$/i.test(text);
  // an old rule for numbers takes an exponent alone for one
  const exponent = /^e-?\d+$/i.test(text);
  return plain && !word && !exponent ? text : JSON.stringify(text);
}

/** The order of the lines does not matter: a merge may have put them together. Throws E_USAGE with every mistake. */
export function parseLock(text: string, file: string): Lock {
  const document = readDocument(text);
  if (!("value" in document)) throw unreadable(file, document);
  const mistakes: Mistake[] = [];
  const pins = pinsOf(document, (path, message, key) => {
    mistakes.push({
      ...(key === true ? document.positionOfKey(path) : document.positionOf(path)),
      path: pathText(path),
      message,
    });
  });
  if (mistakes.length > 0) throw unreadable(file, mistakes);
  return { pins: sorted(pins) };
}

function unreadable(file: string, mistakes: readonly Mistake[]): Tofu3Error {
  const lines = mistakes.map(
    ({ line, column, path, message }) =>
      `${visible(file)}:${line}:${column}: ${path === "" ? "" : `${visible(path, 200)}: `}${message}`,
  );
  return new Tofu3Error("E_USAGE", lines.join("\n"), {
    hint: "restore the file from version control, or delete the line and let tofu3 pin write it again",
  });
}

type Refuse = (path: Path, message: string, key?: true) => void;

function pinsOf({ value }: ConfigDocument, refuse: Refuse): readonly Pin[] {
  if (!isMap(value)) {
    refuse([], "a lock is a mapping with version and pins");
    return [];
  }
  const { version, pins } = value;
  // what another version means by its keys is not known here
  if (version !== VERSION) {
    const newer = typeof version === "number" && version > VERSION;
    refuse(
      ["version"],
      newer
        ? `this is version ${version}, and this tofu3 reads version ${VERSION}; update tofu3`
        : `must be ${VERSION}`,
    );
    return [];
  }
  refuseOthers(value, ["version", "pins"], [], refuse);
  if (pins === null) return [];
  if (Array.isArray(pins)) return distinctPins(pins, refuse);
  refuse(["pins"], "must be a list");
  return [];
}

function distinctPins(values: readonly unknown[], refuse: Refuse): readonly Pin[] {
  const seen = new Map<string, number>();
  return values.flatMap((value, index) => {
    const pin = pinOfEntry(value, ["pins", index], refuse);
    if (pin === null) return [];
    const other = seen.get(pin.reference);
    if (other !== undefined)
      refuse(
        ["pins", index, "reference"],
        `"${pin.reference}" is pinned by pins[${other}] already; keep one of the two`,
      );
    seen.set(pin.reference, index);
    return [pin];
  });
}

function pinOfEntry(value: unknown, path: Path, refuse: Refuse): Pin | null {
  if (!isMap(value)) {
    refuse(path, "must be { reference, digest, at, workers }");
    return null;
  }
  refuseOthers(value, ["reference", "digest", "at", "workers"], path, refuse);
  const { reference, digest, at, workers } = value;
  const known = typeof reference === "string" && isLockName(reference);
  if (!known) refuse([...path, "reference"], "must be REGISTRY/REPOSITORY:TAG, such as docker.io/library/alpine:3.20");
  if (!isDigest(digest))
    refuse([...path, "digest"], 'must be "sha256:" and 64, or "sha512:" and 128, lower-case hex characters');
  const timed = typeof at === "string" && INSTANT.test(at) && !Number.isNaN(Date.parse(at));
  if (!timed) refuse([...path, "at"], "must be an instant in UTC, such as 2026-01-31T12:00:00Z");
  const named =
    Array.isArray(workers) &&
    workers.length > 0 &&
    workers.every((each) => typeof each === "string" && WORKER.test(each));
  if (!named) refuse([...path, "workers"], "must be a list of names of workers");
  return known && isDigest(digest) && timed && named
    ? { reference, digest, at, workers: [...(workers as string[])].sort() }
    : null;
}

function isLockName(text: string): boolean {
  try {
    const reference = parseReference(text);
    return reference.digest === undefined && lockName(reference) === text;
  } catch {
    return false;
  }
}

function refuseOthers(
  value: Readonly<Record<string, unknown>>,
  known: readonly string[],
  path: Path,
  refuse: Refuse,
): void {
  for (const key of Object.keys(value)) if (!known.includes(key)) refuse([...path, key], `unknown key; ${NEWER}`, true);
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * The subject, held to what the lock has for it. A tag gets its pin from there; a digest has to be one that the lock
 * has for its repository. Throws E_USAGE if the lock does not have it, or has another digest than the one that is asked
 * for: then no answer of any registry could be right.
 */
export function holdTo(lock: Lock, subject: Subject, file: string): Subject {
  if (isFile(subject)) {
    throw new Tofu3Error("E_USAGE", `a lock pins references of registries, and ${subject.url} is a URL`, {
      hint: "https://…#sha256=HEX pins a file",
    });
  }
  const { registry, repository } = subject;
  const tag = tagOf(subject);
  const asked = pinOf(subject) ?? rootDigestOf(subject);
  const own = formatReference({ registry, repository });
  const pins = lock.pins.filter(({ reference }) =>
    tag === null ? reference.startsWith(`${own}:`) : reference === `${own}:${tag}`,
  );
  const [pin] = pins;
  if (pin === undefined) {
    throw new Tofu3Error("E_USAGE", `the lock ${quoted(file)} does not have ${tag === null ? own : `${own}:${tag}`}`, {
      hint: "tofu3 pin adds what the files have",
    });
  }
  if (asked !== null && !pins.some(({ digest }) => digest === asked)) {
    const has = pins.map(({ reference, digest }) => `${reference}@${digest}`).join(", ");
    throw new Tofu3Error("E_USAGE", `${asked} is not what the lock ${quoted(file)} has: ${has}`, {
      hint: "leave out the digest to see what the tag leads to now; tofu3 pin --update moves the pin after agreement",
    });
  }
  return tag === null ? subject : { registry, repository, tag, pin: pin.digest };
}
