const UNITS: Readonly<Record<string, number>> = { "": 1, k: 1024, M: 1024 ** 2, G: 1024 ** 3, T: 1024 ** 4 };

/** Column 4 of the meter of one transfer, and column 3 of that of parallel transfers, which upload nothing. */
const METERS = [
  /^\s*(?:\d{1,3}|--)\s+--\s+(\d{1,7}(?:\.\d{1,2})?)([kMGT]?)\s+\d/,
  /^\s*\d{1,3}\s+\S{1,10}\s+\d{1,3}\s+(\d{1,7}(?:\.\d{1,2})?)([kMGT]?)\s+\d/,
];
const HEADS = /^\s*(?:% +Total|DL% +UL%|Dload) /;

/**
 * Bytes received so far, rounded down, from a line of the meter that curl prints once or twice a second: of the one
 * transfer, or of all transfers of a parallel curl together. Null for any other line.
 */
export function meteredBytes(line: string): number | null {
  for (const meter of METERS) {
    const match = meter.exec(line);
    if (match !== null) return Math.floor(Number(match[1]) * (UNITS[match[2] ?? ""] ?? 1));
  }
  return null;
}

/** Its figures, or the words above them. */
export function isMeter(line: string): boolean {
  return HEADS.test(line) || meteredBytes(line) !== null;
}
