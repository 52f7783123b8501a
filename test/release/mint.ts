import { subjectOf } from "../../src/model/subject.ts";
import type { Destination, Released } from "../../src/model/destination.ts";
import type { SeenObject } from "../../src/model/observation.ts";
import type { Agreed } from "../../src/model/verdict.ts";
import { parseDestination } from "../../src/release/destination.ts";
import { openQuarantine } from "../../src/release/quarantine/quarantine.ts";
import { release } from "../../src/release/release.ts";
import { fill, type Artifact } from "./fixture.ts";

/** Tests of the release only: what judge() would have minted for these objects. */
export function mint(objects: readonly SeenObject[]): Agreed {
  const [root] = objects;
  return { outcome: "agreed", quorum: "3/3", summary: "", root, objects, differences: [] } as unknown as Agreed;
}

/** Quarantine, release, discard: what the command line does around a verdict. */
export async function put(artifact: Artifact, dest: string | Destination, force = false): Promise<Released> {
  const destination = typeof dest === "string" ? parseDestination(dest, force, "/") : dest;
  const quarantine = await openQuarantine(destination);
  try {
    await fill(quarantine, artifact);
    return await release(mint(artifact.objects), quarantine, destination, {
      subject: subjectOf(artifact.reference),
      unpackedBytes: 2 ** 40,
      signal: new AbortController().signal,
    });
  } finally {
    await quarantine.discard();
  }
}
