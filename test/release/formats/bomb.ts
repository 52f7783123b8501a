import { createHash } from "node:crypto";
import { parseDigest } from "../../../src/oci/digest.ts";
import { layerFrom, OCI, type LayerPiece } from "../fixture.ts";

const BLOCK = 128 * 1024;

/**
 * RFC 8878 by hand: one frame of RLE blocks, four bytes for 128 KiB each. `window` is the exponent of its window, 17
 * for 128 KiB.
 */
export function zstdBomb(blocks: number, window = 17): Buffer {
  const head = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0, (window - 10) << 3]);
  const body = Buffer.alloc(blocks * 4);
  for (let block = 0; block < blocks; block += 1) {
    body.writeUIntLE((BLOCK << 3) | (1 << 1) | (block === blocks - 1 ? 1 : 0), block * 4, 3);
  }
  return Buffer.concat([head, body]);
}

/** A layer of so many blocks of zeros, with the diff_id that it has, or with another one. */
export function bombLayer(blocks: number, honest: boolean): LayerPiece {
  const hash = createHash("sha256");
  const zeros = Buffer.alloc(BLOCK);
  for (let block = 0; honest && block < blocks; block += 1) hash.update(zeros);
  return { ...layerFrom(zstdBomb(blocks), Buffer.of(), OCI.zstd), diffId: parseDigest(`sha256:${hash.digest("hex")}`) };
}
