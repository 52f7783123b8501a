import { execFile } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { parseConfig } from "../../src/config/config.ts";
import { findConfig, loadConfig } from "../../src/config/load.ts";
import { SHORTEST } from "../../src/config/shortest.ts";
import { folderWith, thrownBy } from "./folder.ts";

function naming(name: string): string {
  return `workers: [{name: ${name}, via: local}, {name: b, via: ssh, host: b}, {name: c, via: ssh, host: c}]\n`;
}

const EVERYWHERE = {
  "flag.yaml": naming("flag"),
  "env.yaml": naming("env"),
  "cwd/tofu3.yaml": naming("cwd"),
  "xdg/tofu3/config.yaml": naming("xdg"),
  "home/.config/tofu3/config.yaml": naming("home"),
};

type Place = keyof typeof EVERYWHERE;

describe("the first of these that is there is read", () => {
  test.each<{ why: string; files: Place[]; flag?: string; env?: Record<string, string>; found: string }>([
    {
      why: "--config beats all",
      files: ["flag.yaml", "env.yaml", "cwd/tofu3.yaml"],
      flag: "../flag.yaml",
      env: { TOFU3_CONFIG: "../env.yaml" },
      found: "flag",
    },
    {
      why: "TOFU3_CONFIG beats the folders",
      files: ["env.yaml", "cwd/tofu3.yaml"],
      env: { TOFU3_CONFIG: "../env.yaml" },
      found: "env",
    },
    { why: "an empty TOFU3_CONFIG is none", files: ["cwd/tofu3.yaml"], env: { TOFU3_CONFIG: "" }, found: "cwd" },
    {
      why: "./tofu3.yaml beats the home",
      files: ["cwd/tofu3.yaml", "xdg/tofu3/config.yaml"],
      env: { XDG_CONFIG_HOME: "<>/xdg" },
      found: "cwd",
    },
    {
      why: "XDG_CONFIG_HOME beats ~/.config",
      files: ["xdg/tofu3/config.yaml", "home/.config/tofu3/config.yaml"],
      env: { XDG_CONFIG_HOME: "<>/xdg" },
      found: "xdg",
    },
    {
      why: "a relative XDG_CONFIG_HOME is ignored",
      files: ["home/.config/tofu3/config.yaml"],
      env: { XDG_CONFIG_HOME: "../xdg" },
      found: "home",
    },
    { why: "~/.config is the last", files: ["home/.config/tofu3/config.yaml"], found: "home" },
  ])("$why", async ({ files, flag, env, found }) => {
    const folder = await folderWith({
      "cwd/x": "",
      ...Object.fromEntries(files.map((file) => [file, EVERYWHERE[file]])),
    });
    const filled = Object.fromEntries(
      Object.entries(env ?? {}).map(([key, value]) => [key, value.replace("<>", folder)]),
    );
    const config = await loadConfig(flag ?? null, {
      env: filled,
      home: join(folder, "home"),
      cwd: join(folder, "cwd"),
    });
    expect(config.workers[0]?.name).toBe(found);
  });
});

test("none at all: the error names the places, and the hint shows the demo and the shortest file that works", async () => {
  const folder = await folderWith({});
  const error = await thrownBy(loadConfig(null, { env: {}, home: join(folder, "home"), cwd: folder }));
  expect(error).toMatchObject({
    code: "E_CONFIG",
    hint: expect.stringMatching(/"tofu3 init".*"tofu3 demo"/) as string,
  });
  for (const place of [
    join(folder, "tofu3.yaml"),
    join(folder, "home/.config/tofu3/config.yaml"),
    "--config",
    "TOFU3_CONFIG",
  ]) {
    expect(error).toMatchObject({ message: expect.stringContaining(place) as string });
  }
  expect(error).toMatchObject({ hint: expect.stringContaining(SHORTEST) as string });
  expect(await findConfig(null, { env: {}, home: join(folder, "home"), cwd: folder })).toBeNull();
});

test("the shortest file works once its capitals are replaced, and is not cut further without a mistake", () => {
  const fill = (text: string): string =>
    text.replace(/KEY(\d)/g, (_, digit: string) => `${digit.repeat(42)}A`).replace(/HOST(\d)/g, "vm$1.example.org");
  const source = { file: "/tofu3.yaml", home: "/" };
  expect(parseConfig(fill(SHORTEST), source).workers.map(({ via }) => via)).toEqual(["local", "ssh", "ssh"]);
  for (const line of SHORTEST.trim().split("\n")) {
    expect(() => parseConfig(fill(SHORTEST.replace(`${line}\n`, "")), source)).toThrow(/tofu3\.yaml:\d/);
  }
});

describe("a file that is no configuration", () => {
  test.each([
    {
      why: "named by --config and missing",
      flag: "no.yaml",
      says: /^cannot read the configuration "\/.*\/no\.yaml", which --config names: there is no such file$/,
      hint: /tofu3 then looks for \/.*\/tofu3\.yaml and \/.*config\.yaml; "tofu3 init" writes one$/,
    },
    {
      why: "named by TOFU3_CONFIG and missing",
      env: { TOFU3_CONFIG: "no.yaml" },
      says: /no\.yaml", which TOFU3_CONFIG names: there is no such file$/,
      hint: /"tofu3 init" writes one$/,
    },
    { why: "a folder", flag: "folder", says: /folder": it is a folder, not a file$/ },
    {
      why: "a pipe that nobody writes to",
      flag: "pipe",
      says: /pipe": it is a pipe, and only regular files are read$/,
    },
    { why: "a device without end", flag: "/dev/zero", says: /it is a device, and only regular files are read$/ },
    { why: "larger than 1 MiB", flag: "large", says: /large": it is larger than 1048576 bytes$/ },
    { why: "not UTF-8", flag: "latin", says: /latin": it is not UTF-8 text$/ },
    { why: "below a file", flag: "latin/x", says: /there is no such file$/ },
  ])("$why", async ({ flag, env, says, hint }) => {
    const folder = await folderWith({ large: "#".repeat(1024 * 1024 + 1), latin: Uint8Array.of(0x23, 0xe9, 0x0a) });
    await mkdir(join(folder, "folder"));
    await promisify(execFile)("mkfifo", [join(folder, "pipe")]);
    const error = await thrownBy(loadConfig(flag ?? null, { env: env ?? {}, home: folder, cwd: folder }));
    expect(error).toMatchObject({
      code: "E_CONFIG",
      message: expect.stringMatching(says) as string,
      ...(hint === undefined ? {} : { hint: expect.stringMatching(hint) as string }),
    });
  });

  test("exactly 1 MiB is read", async () => {
    const text = naming("a");
    const folder = await folderWith({ "tofu3.yaml": `${text}#${" ".repeat(1024 * 1024 - text.length - 1)}` });
    expect((await loadConfig(null, { env: {}, home: folder, cwd: folder })).file).toBe(join(folder, "tofu3.yaml"));
  });

  test("a broken ./tofu3.yaml is not passed over for the next place", async () => {
    const folder = await folderWith({ "tofu3.yaml": "workers: 1\n", ".config/tofu3/config.yaml": naming("home") });
    const error = await thrownBy(loadConfig(null, { env: {}, home: folder, cwd: folder }));
    expect(error).toMatchObject({
      message: expect.stringMatching(/^\/.*\/tofu3\.yaml:1:10: workers: must be a list/) as string,
    });
  });
});
