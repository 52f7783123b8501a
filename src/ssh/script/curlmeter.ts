const UNITS: Readonly<Record<string, number>> = { "": 1, k: 1024, M: 1024 ** 2, G: 1024 ** 3, T: 1024 ** 4 };

/**
 * Bytes received so far, rounded down: column 4 of the meter that curl prints every second; null for any other line.
 */
export function meteredBytes(line: string): number | null {
  const match = /^\s*\d{1,3}\s+\S{1,10}\s+\d{1,3}\s+(\d{1,7}(?:\.\d{1,2})?)([kMGT]?)\s+\d/.exec(line);
  return match === null ? null : Math.floor(Number(match[1]) * (UNITS[match[2] ?? ""] ?? 1));
}
