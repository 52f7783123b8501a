import { bytesText } from "../../report/text.ts";

/** `6 s`, `75 s`, `4 min` since the start. */
export function elapsedText(ms: number): string {
  const seconds = Math.round(ms / 1000);
  return seconds < 120 ? `${seconds} s` : durationText(ms);
}

/** `12 s`, `45 s`, `4 min`, `1 h 20 min`: rounded, so that an estimate does not flicker. */
export function durationText(ms: number): string {
  const seconds = Math.ceil(ms / 1000);
  if (seconds <= 20) return `${seconds} s`;
  if (seconds < 120) return `${Math.ceil(seconds / 5) * 5} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const rest = minutes % 60;
  return rest === 0 ? `${minutes / 60} h` : `${Math.floor(minutes / 60)} h ${rest} min`;
}

/** `10.0 of 30.0 MB`, `900 B of 30.0 MB` */
export function amountText(bytes: number, of: number): string {
  const [done, all] = [bytesText(bytes), bytesText(of)];
  const [value = "", unit = ""] = done.split(" ");
  return all.endsWith(` ${unit}`) ? `${value} of ${all}` : `${done} of ${all}`;
}

export function rateText(bytesPerSecond: number): string {
  return `${bytesText(Math.round(bytesPerSecond))}/s`;
}

/** `12%`; 100% is only what is whole. */
export function percentText(part: number, whole: number): string {
  return `${part >= whole ? 100 : Math.min(99, Math.floor((part * 100) / whole))}%`;
}

/** `2nd`, `13th` */
export function ordinal(count: number): string {
  const [ten, one] = [count % 100, count % 10];
  const ending = ten > 10 && ten < 14 ? "th" : (["th", "st", "nd", "rd"][one] ?? "th");
  return `${count}${ending}`;
}
