import { mkdir } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import type { VerifyRequest } from "../coordinator/verify.ts";
import { errnoOf, quoted } from "../durable.ts";
import { Tofu3Error, visible } from "../errors.ts";
import { isSafeName, nameInUrl } from "../file/name.ts";
import type { Destination } from "../model/destination.ts";
import { isFile, type Subject } from "../model/subject.ts";
import { isSumsName } from "../release/sums.ts";
import type { VerifyArguments } from "./argv/commands/verify.ts";
import type { Io } from "./io.ts";

/** Absolute; null without `-o`. */
export function folderOf({ destination }: VerifyArguments, { cwd }: Io): string | null {
  if (destination === null) return null;
  if (/^[^/:]+:/.test(destination)) {
    throw new Tofu3Error("E_DESTINATION", `several subjects go into a folder, and ${quoted(destination)} is a format`, {
      hint: "name a folder: -o DIR",
    });
  }
  return resolve(cwd, destination);
}

/** Creates the last folder of the path. Throws E_DESTINATION. */
export async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder);
  } catch (error) {
    if (errnoOf(error) !== "EEXIST") {
      throw new Tofu3Error(
        "E_DESTINATION",
        `the folder ${quoted(folder)} cannot be made: ${errnoOf(error) ?? "unknown"}`,
        {
          hint: `mkdir -p ${quoted(folder)}`,
          cause: error,
        },
      );
    }
  }
}

/** The folder of a list, and which of its names are taken by what was released there. */
export interface ListFolder {
  readonly path: string;
  /** Replace what is there from before. */
  readonly force: boolean;
  /** By path: the subject that has it. */
  readonly taken: Map<string, Subject>;
}

/** Where one subject of a list goes, by its own name or the one on its line. Throws E_DESTINATION. */
export function destinationIn(
  { path: folder, force, taken }: ListFolder,
  name: string | null,
  subject: Subject,
): Destination {
  const claim = (path: string): boolean => {
    const owner = taken.get(path) ?? subject;
    taken.set(path, owner);
    return owner === subject && !isSumsName(basename(path));
  };
  if (name !== null) {
    if (isSafeName(name)) return { format: "auto", path: join(folder, name), force, claim };
    throw new Tofu3Error("E_DESTINATION", `-o ${quoted(name)} is no name for a file in ${quoted(folder)}`, {
      hint: "a name without slashes, that does not begin with a dot or a dash",
    });
  }
  const otherwise = isFile(subject) ? undefined : nameOfImage(subject);
  return { format: "auto", path: join(folder, "/"), force, claim, ...(otherwise === undefined ? {} : { otherwise }) };
}

function nameOfImage(subject: Exclude<Subject, { readonly url: string }>): string {
  const version = "tag" in subject ? subject.tag : subject.digest.slice(0, "sha256:".length + 12).replace(":", "-");
  return `${basename(subject.repository)}-${version}`;
}

/** As far as names are known before anything is fetched. Throws E_USAGE. */
export function refuseSameNames(requests: readonly VerifyRequest[]): void {
  const names = new Map<string, string>();
  for (const { destination, subject, reference } of requests) {
    const name = nameBefore(destination, subject);
    if (name === null) continue;
    const other = isSumsName(name) ? "the list of checksums" : names.get(name);
    if (other !== undefined) {
      throw new Tofu3Error(
        "E_USAGE",
        `${visible(other, 300)} and ${visible(reference, 300)} would both be ${quoted(name)}`,
        {
          hint: "name one of them: -o NAME behind it, on its line",
        },
      );
    }
    names.set(name, reference);
  }
}

function nameBefore(destination: VerifyRequest["destination"], subject: Subject): string | null {
  if (destination === null || typeof destination === "string") return null;
  if (!destination.path.endsWith("/")) return basename(destination.path);
  const name = isFile(subject) ? nameInUrl(subject.url) : null;
  return name?.kind === "name" ? name.name : null;
}
