import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { keyFingerprints } from "../file/openpgp.ts";
import type { FileFacts } from "../model/probe.ts";
import { parseDigest, type Digest } from "../oci/digest.ts";
import { compressionOf, expand } from "../release/formats/compression.ts";

/** What unpacks to more is not unpacked. */
const MOST_BYTES = 256 * 1024 * 1024;

/** What the bytes of a file are: what they unpack to, and the OpenPGP keys in them. Rejects for nothing. */
export async function contentsOf(bytes: Uint8Array): Promise<FileFacts> {
  return { inner: await innerOf(bytes).catch(() => null), keys: keyFingerprints(bytes) };
}

async function innerOf(bytes: Uint8Array): Promise<Digest | null> {
  const compression = compressionOf(bytes);
  if (compression === "none") return null;
  const hash = createHash("sha256");
  let total = 0;
  for await (const chunk of expand(Readable.from([bytes], { objectMode: false }), compression)) {
    total += chunk.length;
    if (total > MOST_BYTES) return null;
    hash.update(chunk);
  }
  return parseDigest(`sha256:${hash.digest("hex")}`);
}
