import { statSync } from "node:fs";
import { access, constants, readdir, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { Tofu3Error } from "../errors.ts";
import { FORMATS, type Destination, type Format } from "../model/destination.ts";
import { errnoOf, lookAt, quoted } from "../durable.ts";
import { sweep } from "./quarantine/sweep.ts";

const WAYS = "oci:DIR, oci-archive:FILE, docker-archive:FILE, docker-v1:DIR, file:FILE, or a path";

/**
 * Parses `-o DEST`: `oci:DIR`, `oci-archive:FILE`, `docker-archive:FILE`, `docker-v1:DIR`, `file:FILE`, or a bare path.
 * Makes the path absolute; keeps a trailing slash where it means "into this directory" (`file:` and bare paths). A bare
 * path with a colon needs a slash before it: `./a:b`. Throws E_DESTINATION.
 */
export function parseDestination(text: string, force: boolean, cwd: string): Destination {
  const prefix = /^([^:/]*):/.exec(text)?.[1];
  const format = prefix === undefined ? "auto" : FORMATS.find((name) => name === prefix);
  if (format === undefined)
    throw refused(
      text,
      `does not begin with a known format`,
      `DEST is ${WAYS}; a path with a colon is written "./a:b"`,
    );
  const path = format === "auto" ? text : text.slice(format.length + 1);
  if (path === "") throw refused(text, "has no path", `DEST is ${WAYS}`);
  if (path === "-") throw refused(text, "means standard output, which is not supported", "write to a file");
  if (path.includes("\0")) throw refused(text, "has a NUL character", `DEST is ${WAYS}`);
  if (format === "file" && path.startsWith("//"))
    throw refused(text, "is a URL", "write file:PATH with one slash or none");
  const colon = path.indexOf(":");
  if (isLayout(format) && colon !== -1) throw colonRefused(format, text, path.slice(0, colon));
  const absolute = resolve(cwd, path);
  if (absolute === dirname(absolute) && !mayBeInto(format))
    throw refused(text, "is the root directory", "name a directory in it");
  return {
    format,
    path: mayBeInto(format) && /\/\.{0,2}$|^\.{1,2}$/.test(path) ? join(absolute, "/") : absolute,
    force,
  };
}

/** Throws E_DESTINATION for paths that skopeo, podman and crane would split at the colon. */
export function checkColon(format: Format, path: string): void {
  const colon = path.indexOf(":");
  if (isLayout(format) && colon !== -1) throw colonRefused(format, `${format}:${path}`, path.slice(0, colon));
}

/**
 * Whether a single file goes into this directory under its own name: the path ends in a slash, or is an existing
 * directory.
 */
export function isInto(destination: Destination): boolean {
  if (!mayBeInto(destination.format)) return false;
  return destination.path.endsWith("/") || isDirectory(destination.path);
}

/** Also false if it cannot be accessed; checkDestination reports why. */
export function isDirectory(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

/** The directory that gets the result, and holds the quarantine until then. */
export function parentOf(destination: Destination): string {
  return isInto(destination) ? resolve(destination.path) : dirname(destination.path);
}

/**
 * Call before downloading anything. Restores what a crashed run had moved aside, then throws E_DESTINATION if the
 * parent directory is missing or not writable, or if something exists that may not be replaced.
 */
export async function checkDestination(destination: Destination): Promise<void> {
  const parent = parentOf(destination);
  try {
    if (!(await stat(parent)).isDirectory())
      throw refused(
        destination.path,
        `is inside ${quoted(parent)}, which is not a directory`,
        "choose another destination",
      );
    await access(parent, constants.W_OK | constants.X_OK);
  } catch (error) {
    throw parentFault(destination.path, parent, error);
  }
  await sweep(parent);
  if (!isInto(destination)) await checkVacant(destination.format, destination.path, destination.force);
}

/** Throws E_DESTINATION if something at `path` may not be replaced by a result of this format. */
export async function checkVacant(format: Destination["format"], path: string, force: boolean): Promise<void> {
  await checkOne(format, path, force);
  if (format === "docker-archive") await checkOne("file", notePath(path), force);
}

/** The file beside a docker-archive that records the registry's digest. */
export function notePath(path: string): string {
  return `${path}.digest`;
}

async function checkOne(format: Destination["format"], path: string, force: boolean): Promise<void> {
  const found = await look(path);
  if (found === null) return;
  if (!force) throw refused(path, "exists", "choose another destination, or add --force to replace it");
  if (format === "auto") return;
  if (format === "oci" || format === "docker-v1") {
    if (!found.isDirectory())
      throw refused(path, "exists and is not a directory", "remove it yourself, or choose another destination");
    if (!(await isReplaceable(path)))
      throw refused(
        path,
        "contains something other than an image layout",
        "--force replaces only an OCI or docker-v1 layout or an empty directory",
      );
    return;
  }
  if (!found.isFile() && !found.isSymbolicLink())
    throw refused(path, found.isDirectory() ? "is a directory" : "is not a regular file", "choose another destination");
}

async function isReplaceable(path: string): Promise<boolean> {
  const names = await readdir(path);
  return names.length === 0 || names.includes("oci-layout") || names.includes("repositories");
}

async function look(path: string) {
  try {
    return await lookAt(path);
  } catch (error) {
    if (errnoOf(error) === "ENAMETOOLONG")
      throw refused(path, "has a name that is too long for this file system", "choose a shorter name");
    throw parentFault(path, dirname(path), error);
  }
}

function parentFault(path: string, parent: string, error: unknown): unknown {
  const hint =
    basename(parent) === "~" || parent.includes("/~/")
      ? 'the shell does not expand "~" after a prefix: write $HOME'
      : null;
  switch (errnoOf(error) ?? "") {
    case "ENOENT":
      return refused(
        path,
        `cannot be created: there is no directory ${quoted(parent)}`,
        hint ?? `mkdir -p ${quoted(parent)}`,
      );
    case "ENOTDIR":
      return refused(path, `is inside ${quoted(parent)}, which is not a directory`, "choose another destination");
    case "EACCES":
    case "EPERM":
    case "EROFS":
      return refused(
        path,
        `cannot be created: ${quoted(parent)} is not writable`,
        "choose a destination that you may write to",
      );
    default:
      return errnoOf(error) === null
        ? error
        : refused(path, `cannot be accessed: ${errnoOf(error) ?? ""}`, "choose another destination", error);
  }
}

function mayBeInto(format: Destination["format"]): boolean {
  return format === "file" || format === "auto";
}

/** Formats whose path other tools take as `format:PATH[:TAG]`. */
function isLayout(format: Destination["format"]): boolean {
  return format === "oci" || format === "oci-archive" || format === "docker-archive";
}

function colonRefused(format: Destination["format"], text: string, before: string): Tofu3Error {
  return refused(
    text,
    "has a colon in its path, which skopeo and podman could not read back",
    `the tag is taken from the reference, so that ${quoted(`${format}:${before}`)} is enough`,
  );
}

/** E_DESTINATION for one destination. */
export function refused(text: string, what: string, hint: string | null, cause?: unknown): Tofu3Error {
  return new Tofu3Error("E_DESTINATION", `destination ${quoted(text)} ${what}`, { hint: hint ?? undefined, cause });
}
