const UNITS = ["kB", "MB", "GB", "TB", "PB"] as const;

/** `0 B`, `999 B`, `53.1 MB`: decimal units, as in registries and curl. */
export function bytesText(bytes: number): string {
  let value = bytes;
  let unit = "B";
  for (const next of UNITS) {
    if (Math.round(value * 10) / 10 < 1000) break;
    value /= 1000;
    unit = next;
  }
  return unit === "B" ? `${value} B` : `${value.toFixed(1)} ${unit}`;
}

/** `1 object`, `12 objects`, `4 entries` */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

const SHORT = 12;

/**
 * Shortens digests to `sha256:` and twelve characters, or to as many more as it takes for different `digests` to look
 * different: a forger can choose the first few characters of a digest.
 */
export function shortener(digests: Iterable<string>): (digest: string) => string {
  const all = [...new Set(digests)];
  let length = SHORT;
  while (length < 128 && new Set(all.map((digest) => cut(digest, length))).size < all.length) length += 4;
  return (digest) => (cut(digest, length) === digest ? digest : `${cut(digest, length)}…`);
}

function cut(digest: string, length: number): string {
  return digest.slice(0, digest.indexOf(":") + 1 + length);
}

/** `fra`, `fra and sgp`, `fra, here and sgp` */
export function listed(words: readonly string[]): string {
  const last = words.at(-1);
  return last === undefined || words.length === 1 ? words.join("") : `${words.slice(0, -1).join(", ")} and ${last}`;
}
