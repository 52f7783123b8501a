import { basename, join } from "node:path";
import { assertNever, Tofu3Error } from "../errors.ts";
import type { Destination, Format, Released } from "../model/destination.ts";
import type { Agreed } from "../model/verdict.ts";
import { isFile, type ImageSubject, type Subject } from "../model/subject.ts";
import { trimEnd } from "../oci/trim.ts";
import { checkVacant, isInto, refused } from "./destination.ts";
import { onDisk } from "./disk.ts";
import { quoted } from "../durable.ts";
import { buildDockerArchive } from "./formats/dockerarchive.ts";
import { buildDockerV1 } from "./formats/dockerv1.ts";
import { buildFile, fileNameOf, onlyBlob } from "./formats/file.ts";
import { planRelease } from "./fits.ts";
import { checkNamed } from "./named.ts";
import { buildOciArchive } from "./formats/ociarchive.ts";
import { buildOciLayout } from "./formats/ocilayout.ts";
import { publish } from "./publish.ts";
import type { Quarantine } from "./quarantine/quarantine.ts";
import { readTree, type Tree } from "./tree.ts";
import type { Build, Workshop } from "./formats/workshop.ts";

/** The request, which gives the result its tag and file name, with the release's limits. */
export interface ReleaseContext {
  readonly subject: Subject;
  /** Of a URL: what the file is called where only a folder was named; null or missing if nothing says it. */
  readonly fileName?: string | null;
  /** Limit on the total size of unpacked layers, in formats that unpack them. */
  readonly unpackedBytes: number;
  readonly signal: AbortSignal;
}

/**
 * The only way out of the quarantine. Rereads every file from disk and hashes it against the agreed digest, builds the
 * result and makes it durable inside the quarantine, then gives it its name in one step. An error leaves nothing new at
 * the destination. Throws E_DESTINATION, E_RELEASE, E_DISK, and the signal's reason. The caller discards the quarantine
 * in any case.
 */
export async function release(
  agreed: Agreed,
  quarantine: Quarantine,
  destination: Destination,
  context: ReleaseContext,
): Promise<Released> {
  const { signal } = context;
  await quarantine.check();
  try {
    return await onDisk(`releasing to ${quoted(destination.path)}`, () =>
      releaseTree(agreed, quarantine, destination, context),
    );
  } catch (error) {
    // when the work is stopped, whatever breaks is a consequence of that
    signal.throwIfAborted();
    throw error;
  }
}

async function releaseTree(
  agreed: Agreed,
  quarantine: Quarantine,
  destination: Destination,
  { subject, fileName, unpackedBytes, signal }: ReleaseContext,
): Promise<Released> {
  const tree = await readTree(agreed, quarantine, signal);
  const format = planRelease([...tree.objects.values()], destination, (digest) => tree.documents.get(digest) ?? null);
  if (format === null) throw new Tofu3Error("E_BUG", "a format cannot be told from all documents");
  const target = targetOf(format, destination, isFile(subject) ? (fileName ?? null) : nameIn(format, tree, subject));
  if (destination.claim?.(target) === false)
    throw refused(
      target,
      "is the place of something else on this list",
      "name one of them: -o NAME behind it, on its line",
    );
  const { force } = destination;
  if (format === "file" && target !== pathOf(destination)) await checkNamed(target, onlyBlob(tree), force, signal);
  else await checkVacant(format, target, force);
  const unpacking = { limit: unpackedBytes, bytes: 0 };
  const workshop: Workshop = { tree, quarantine, subject, staged: join(quarantine.path, "staged"), unpacking, signal };
  const note = await builderOf(format)(workshop);
  signal.throwIfAborted();
  await publish({ staged: workshop.staged, format, target, note }, quarantine, force);
  return { format, path: target };
}

function builderOf(format: Format): Build {
  switch (format) {
    case "oci":
      return buildOciLayout;
    case "oci-archive":
      return buildOciArchive;
    case "docker-archive":
      return buildDockerArchive;
    case "docker-v1":
      return buildDockerV1;
    case "file":
      return buildFile;
    default:
      return assertNever(format);
  }
}

/** Has no character that a shell, or a program's own syntax, could read as more than a name. */
const PLAIN_NAME = /^[A-Za-z0-9][A-Za-z0-9@+._-]{0,254}$/;

function nameIn(format: Format, tree: Tree, subject: ImageSubject): string | null {
  return format === "file" ? fileNameOf(tree, subject) : null;
}

/** `name`: what the artifact calls it. */
function targetOf(format: Format, destination: Destination, name: string | null): string {
  const path = pathOf(destination);
  if (!isInto(destination)) return path;
  const { otherwise } = destination;
  if (otherwise !== undefined) return join(path, name !== null && PLAIN_NAME.test(name) ? name : otherwise);
  if (format !== "file") return path;
  if (name !== null && basename(name) === name) return join(path, name);
  throw refused(
    destination.path,
    "is a directory, and there is no file name for what is released",
    `write file:${join(path, "NAME")}`,
  );
}

function pathOf({ path }: Destination): string {
  return trimEnd(path, "/") || "/";
}
