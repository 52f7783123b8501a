import { parseConfig } from "../../src/config/config.ts";
import { Tofu3Error } from "../../src/errors.ts";

export const KEY_A = `SHA256:${"a".repeat(42)}A`;
export const KEY_B = `SHA256:${"b".repeat(42)}A`;
export const SOURCE = { file: "/etc/lab/tofu3.yaml", home: "/home/kim" };
export const THREE =
  "workers: [{name: here, via: local}, {name: fra, via: ssh, host: fra}, {name: sgp, via: ssh, host: sgp}]\n";

export function mistakesOf(text: string): string[] {
  try {
    parseConfig(text, SOURCE);
  } catch (error) {
    if (!(error instanceof Tofu3Error) || error.code !== "E_CONFIG") throw error;
    return error.message.split("\n").map((line) => line.replace(`${SOURCE.file}:`, ""));
  }
  return [];
}

/** The text without its `»`, and the line and column where it stood. */
export function marked(text: string, otherwise: string): { text: string; place: string } {
  const lines = text.slice(0, Math.max(text.indexOf("»"), 0)).split("\n");
  return {
    text: text.replace("»", ""),
    place: text.includes("»") ? `${lines.length}:${(lines.at(-1)?.length ?? 0) + 1}` : otherwise,
  };
}

export function workersWith(second: string, third = "name: c, via: ssh, host: c"): string {
  return `workers:\n- {name: a, via: local}\n- {${second}}\n- {${third}}\n`;
}
