/** RFC 8878 §3.1.1.2.4: no block decompresses to more. */
const LARGEST_BLOCK = 128 * 1024;
/** The zstd program's default limit: a decoder keeps a window of this size in memory. */
const LARGEST_WINDOW = 128 * 1024 * 1024;

/** What comes next: this many bytes without a header, then another header. */
interface Step {
  readonly header: number;
  readonly content: number;
  readonly next: (bytes: DataView) => Step | null;
}

/**
 * The same bytes, cut so that no piece holds more than one block: a decoder makes at most 128 KiB of each piece. Throws
 * for frames that exceed the limits of the format or want a larger window.
 */
export async function* zstdPieces(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let read = frameAt;
  let left = 0;
  let rest: Uint8Array = new Uint8Array(0);
  for await (const chunk of source) {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    for (;;) {
      const piece = rest.subarray(0, left);
      if (piece.length > 0) yield piece;
      left -= piece.length;
      rest = rest.subarray(piece.length);
      if (left > 0) break;
      const step = read(new DataView(rest.buffer, rest.byteOffset, rest.byteLength));
      if (step === null) break;
      left = step.header + step.content;
      read = step.next;
    }
    // the next chunk may reuse this one's memory
    rest = new Uint8Array(rest);
  }
  if (rest.length > 0) yield rest;
}

/** RFC 8878 §3.1.1, and §3.1.2 for skippable frames. Null if it needs more bytes. */
function frameAt(bytes: DataView): Step | null {
  if (bytes.byteLength < 8) return null;
  const magic = bytes.getUint32(0, true);
  if (magic >>> 4 === 0x184d2a5) return { header: 8, content: bytes.getUint32(4, true), next: frameAt };
  if (magic !== 0xfd2fb528) throw new Error("there is no zstd frame where one should begin");
  const descriptor = bytes.getUint8(4);
  const single = (descriptor & 0x20) !== 0;
  const dictionary = [0, 1, 2, 4][descriptor & 3] ?? 0;
  const sizes = [single ? 1 : 0, 2, 4, 8][descriptor >> 6] ?? 0;
  const header = 5 + (single ? 0 : 1) + dictionary + sizes;
  if (bytes.byteLength < header) return null;
  const window = single ? contentSize(bytes, header - sizes, sizes) : windowSize(bytes.getUint8(5));
  if (window > LARGEST_WINDOW)
    throw new Error(`a frame wants a window of ${window} bytes, more than ${LARGEST_WINDOW}`);
  return { header, content: 0, next: blockIn((descriptor & 4) !== 0) };
}

/** RFC 8878 §3.1.1.1.4 */
function contentSize(bytes: DataView, at: number, length: number): number {
  if (length === 1) return bytes.getUint8(at);
  if (length === 2) return bytes.getUint16(at, true) + 256;
  return length === 4 ? bytes.getUint32(at, true) : Number(bytes.getBigUint64(at, true));
}

/** RFC 8878 §3.1.1.1.2 */
function windowSize(descriptor: number): number {
  const base = 2 ** (10 + (descriptor >> 3));
  return base + (base / 8) * (descriptor & 7);
}

/** RFC 8878 §3.1.1.2 */
function blockIn(checksum: boolean): (bytes: DataView) => Step | null {
  const block = (bytes: DataView): Step | null => {
    if (bytes.byteLength < 3) return null;
    const head = bytes.getUint16(0, true) | (bytes.getUint8(2) << 16);
    const [last, type, size] = [(head & 1) !== 0, (head >> 1) & 3, head >> 3];
    if (type === 3 || size > LARGEST_BLOCK) throw new Error(`a block of type ${type} has ${size} bytes`);
    const content = type === 1 ? 1 : size;
    return last
      ? { header: 3, content: content + (checksum ? 4 : 0), next: frameAt }
      : { header: 3, content, next: block };
  };
  return block;
}
