import { readdirSync, readFileSync, statSync } from "node:fs";
import { join, normalize, dirname } from "node:path";
import { describe, expect, test } from "vitest";

const SRC = join(import.meta.dirname, "..", "src");

/** Which rooms and files a room may look into; its own is always open. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  oci: ["errors.ts"],
  model: ["errors.ts", "secret.ts", "oci", "transport/transport.ts"],
  transport: ["errors.ts", "secret.ts", "smallfile.ts", "oci", "model"],
  worker: [
    "errors.ts",
    "secret.ts",
    "oci",
    "model",
    "transport/transport.ts",
    "transport/strict.ts",
    "transport/address.ts",
    "transport/deadline.ts",
  ],
  coordinator: ["errors.ts", "oci", "model", "worker", "transport/vmfacts.ts"],
  consensus: ["errors.ts", "oci", "model"],
  release: ["errors.ts", "oci", "model"],
  report: ["errors.ts", "oci", "model"],
  config: [
    "errors.ts",
    "nearest.ts",
    "secret.ts",
    "smallfile.ts",
    "oci",
    "model",
    "transport/transport.ts",
    "transport/proxy.ts",
    "transport/sshpattern.ts",
  ],
  demo: ["errors.ts", "secret.ts", "oci", "model", "transport", "config"],
};

/** One package, one door. */
const DOORS: Readonly<Record<string, RegExp>> = {
  yargs: /^cli\/argv\.ts$/,
  pino: /^cli\/log\.ts$/,
  "pino-pretty": /^cli\/log\.ts$/,
  "log-update": /^cli\/terminal\.ts$/,
  undici: /^transport\/local/,
  "node-ssh": /^transport\/sshconnection\.ts$/,
  ssh2: /^(transport\/ssh|demo\/)/,
  "cli-table3": /^report\/table\.ts$/,
  zod: /^config\//,
  yaml: /^config\//,
  "ssh-config": /^config\//,
  "tar-stream": /^release\//,
  fzstd: /^release\//,
};

const PURE = /^(oci|model|consensus|report)\//;
const EFFECTS = /^node:(fs|net|tls|http|https|dns|child_process|os|process|timers|worker_threads|readline)/;

interface Source {
  readonly file: string;
  readonly text: string;
  readonly imports: readonly string[];
}

function sourcesIn(folder: string): Source[] {
  return readdirSync(join(SRC, folder)).flatMap((name) => {
    const file = join(folder, name);
    if (statSync(join(SRC, file)).isDirectory()) return sourcesIn(file);
    const text = readFileSync(join(SRC, file), "utf8");
    const imports = [...text.matchAll(/^(?:import|export)\s(?:[^"`;=]*?\sfrom\s+)?"([^"]+)";|\bimport\(\s*"([^"]+)"/gm)].map(
      (match) => match[1] ?? match[2] ?? "",
    );
    return [{ file, text, imports }];
  });
}

function trespasses({ file, imports }: Source): string[] {
  const [room = ""] = file.split("/");
  const open = MAY_IMPORT[room];
  if (open === undefined) return [];
  return imports
    .filter((each) => each.startsWith("."))
    .map((each) => normalize(join(dirname(file), each)))
    .filter(
      (target) => !target.startsWith(`${room}/`) && !open.some((allowed) => target === allowed || target.startsWith(`${allowed}/`)),
    );
}

function wrongDoors({ file, imports }: Source): string[] {
  return imports
    .filter((each) => !each.startsWith(".") && !each.startsWith("node:"))
    .map((each) =>
      each
        .split("/")
        .slice(0, each.startsWith("@") ? 2 : 1)
        .join("/"),
    )
    .filter((name) => DOORS[name]?.test(file) !== true);
}

const code = (text: string): string =>
  text.replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, "").replace(/"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`/g, '""');

describe("the house", () => {
  const sources = sourcesIn(".").map((each) => ({ ...each, file: normalize(each.file) }));

  test.each(sources)("$file imports downstairs only", (source) => {
    expect(trespasses(source)).toEqual([]);
  });

  test.each(sources)("$file uses packages through their own doors", (source) => {
    expect(wrongDoors(source)).toEqual([]);
  });

  test.each(sources)("$file keeps the habits", ({ file, text, imports }) => {
    const plain = code(text);
    expect(plain).not.toMatch(/\bexport default\b/);
    expect(plain).not.toMatch(/\bany\b(?=[\s,;>)\]|]|$)(?<=[:<|]\s*any)/);
    expect(text.split("\n").length, "lines").toBeLessThanOrEqual(280);
    if (!/^(cli\/|api\.ts)/.test(file)) expect(plain).not.toMatch(/\b(process|console)\./);
    if (file !== "consensus/judge.ts") expect(plain).not.toMatch(/\bas (unknown as )?Agreed\b/);
    if (!/^(transport\/|house\.ts|secret\.ts)/.test(file)) expect(plain).not.toMatch(/\.reveal\(\)/);
    if (PURE.test(file)) {
      expect(imports.filter((each) => EFFECTS.test(each))).toEqual([]);
      expect(plain).not.toMatch(/\bDate\.now\(|new Date\(\)|Math\.random\(/);
    }
  });

  test("the walls are really there: a planted trespass is seen", () => {
    const planted = { file: "oci/planted.ts", text: "", imports: ["../worker/walk.ts", "undici", "./digest.ts"] };
    expect(trespasses(planted)).toEqual(["worker/walk.ts"]);
    expect(wrongDoors(planted)).toEqual(["undici"]);
  });
});
