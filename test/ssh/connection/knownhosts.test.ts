import { execFile } from "node:child_process";
import { createHmac, randomBytes } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { trustKnownHosts } from "../../../src/ssh/connection/hostkey.ts";
import {
  keyType,
  knownName,
  linesFor,
  parseKnownHosts,
  patternsMatch,
} from "../../../src/ssh/connection/knownhosts.ts";
import { makeFolder } from "../../lab/processes.ts";
import { makeKeyFile, startSshd, type Sshd } from "../../lab/sshd.ts";

const KEY = `ssh-ed25519 ${Buffer.concat([Buffer.from([0, 0, 0, 11]), Buffer.from("ssh-ed25519"), Buffer.from([0, 0, 0, 32]), Buffer.alloc(32, 7)]).toString("base64")}`;

/** As `HashKnownHosts yes` writes it. */
function hashed(name: string, salt = randomBytes(20)): string {
  return `|1|${salt.toString("base64")}|${createHmac("sha1", salt).update(name).digest("base64")}`;
}

describe("lines that are read", () => {
  test.each([
    ["a plain line", `host ${KEY}`, [null]],
    ["a comment behind", `host ${KEY} root@vm and more`, [null]],
    ["white space", ` \t host \t ${KEY}\t `, [null]],
    ["CRLF", `host ${KEY}\r\nother ${KEY}\r\n`, [null, null]],
    ["no line end", `host ${KEY}`, [null]],
    ["revoked", `@revoked host ${KEY}`, ["revoked"]],
    ["a certificate authority", `@cert-authority *.example ${KEY}`, ["cert-authority"]],
  ])("%s", (_, text, markers) => expect(parseKnownHosts(text, "f").map((line) => line.marker)).toEqual(markers));

  test("a line knows its place", () =>
    expect(parseKnownHosts(`# x\n\nhost ${KEY}\n`, "f").map((line) => line.place)).toEqual(["f:3"]));
});

describe("lines that are left out", () => {
  const blob = KEY.split(" ")[1] ?? "";
  test.each([
    ["a comment", `# host ${KEY}`],
    ["an empty line", "  \t "],
    ["an unknown marker", `@trusted host ${KEY}`],
    ["a marker in upper case", `@REVOKED host ${KEY}`],
    ["no key", "host"],
    ["no base64", "host ssh-ed25519"],
    ["base64 that is none", "host ssh-ed25519 !!!!"],
    ["a key of another type than it says", `host ssh-rsa ${blob}`],
    ["a key that is too short for its name", `host ssh-ed25519 ${blob.slice(0, 8)}`],
    ["an SSH 1 key", "host 1024 65537 1234567890"],
    ["binary", "\0\xff\xfe host"],
    ["a commented-out host", `#host ${KEY}`],
    ["a marker alone", "@revoked"],
  ])("%s", (_, text) => expect(parseKnownHosts(text, "f")).toEqual([]));
});

describe("which hosts a list of patterns names", () => {
  test.each([
    ["vm.example", "vm.example", true],
    ["VM.Example", "vm.example", true],
    ["vm.example", "vm.example.evil", false],
    ["vm.example", "xvm.example", false],
    ["*.example", "a.b.example", true],
    ["*.example", "example", false],
    ["*", "anything", true],
    ["vm?", "vm1", true],
    ["vm?", "vm", false],
    ["vm?", "vm12", false],
    ["a*b*c", "a-b-b-c", true],
    ["a*b*c", "a-c-b", false],
    ["**", "x", true],
    ["a,b,vm", "vm", true],
    ["a,,vm", "vm", true],
    ["", "vm", false],
    ["*,!vm", "vm", false],
    ["!vm,*", "vm", false],
    ["!other,*", "vm", true],
    ["!other", "vm", false],
    ["!vm", "vm", false],
    ["!*,vm", "vm", false],
    ["[vm]:2222", "[vm]:2222", true],
    ["[vm]:2222", "[vm]:2223", false],
    ["vm", "[vm]:2222", false],
    ["[vm]:*", "[vm]:2222", true],
    ["[*]:2222", "[vm]:2222", true],
    ["10.0.0.?", "10.0.0.7", true],
    [".", "v", false],
    ["vm.example", "vmxexample", false],
    ["|1|x", "vm", false],
    ["|1||", "vm", false],
    ["|2|c2FsdA==|aGFzaA==", "vm", false],
  ])("%j names %j: %s", (patterns, name, matches) => expect(patternsMatch(patterns, name)).toBe(matches));

  test("a hashed name names that host alone", () => {
    expect(patternsMatch(hashed("vm"), "vm")).toBe(true);
    expect(patternsMatch(hashed("vm"), "vm2")).toBe(false);
    expect(patternsMatch(hashed("[vm]:2222"), "[vm]:2222")).toBe(true);
    expect(patternsMatch(hashed("*"), "vm")).toBe(false);
    expect(patternsMatch(`${hashed("vm")},vm`, "vm")).toBe(false);
  });

  test("a pattern that is made to take long does not", () => {
    const start = performance.now();
    expect(patternsMatch(`${"*a".repeat(200)}b`, "a".repeat(2000))).toBe(false);
    expect(performance.now() - start).toBeLessThan(3000);
  });

  test.each([
    ["VM.Example", 22, "vm.example"],
    ["vm", 2222, "[vm]:2222"],
    ["::1", 22, "::1"],
    ["::1", 2222, "[::1]:2222"],
  ])("%s port %d is filed under %s", (host, port, name) => expect(knownName(host, port)).toBe(name));
});

test("whatever the file holds, reading it does not throw", () => {
  const word = fc.constantFrom(
    "@revoked",
    "@cert-authority",
    "@x",
    "host",
    "*",
    "!host",
    "|1|a|b",
    KEY,
    "ssh-rsa",
    "AAAA",
    "#",
    "\n",
    "\r\n",
    " ",
    "\t",
    "\0",
  );
  fc.assert(
    fc.property(fc.array(fc.oneof(word, fc.string({ unit: "binary", maxLength: 8 })), { maxLength: 30 }), (words) => {
      for (const line of linesFor(parseKnownHosts(words.join(" "), "f"), "host", 22))
        expect(keyType(line.key)).toBe(line.type);
    }),
  );
});

describe("as ssh itself decides", () => {
  let vm: Sshd;
  let folder: { path: string; remove: () => Promise<void> };
  const keys: Record<"ED" | "RSA" | "OTHER" | "OTHERRSA", string> = { ED: "", RSA: "", OTHER: "", OTHERRSA: "" };
  beforeAll(async () => {
    vm = await startSshd({ hostKeyTypes: ["ed25519", "rsa"] });
    folder = await makeFolder("knownhosts");
    const publicKey = async (file: string): Promise<string> =>
      (await readFile(`${file}.pub`, "utf8")).split(" ").slice(0, 2).join(" ");
    await makeKeyFile(join(folder.path, "other"));
    await makeKeyFile(join(folder.path, "otherrsa"), "rsa");
    keys.ED = await publicKey(vm.hostKeyFiles[0] ?? "");
    keys.RSA = await publicKey(vm.hostKeyFiles[1] ?? "");
    keys.OTHER = await publicKey(join(folder.path, "other"));
    keys.OTHERRSA = await publicKey(join(folder.path, "otherrsa"));
  });
  afterAll(async () => {
    await vm.stop();
    await folder.remove();
  });

  /** Fills in names and keys: NAME is how this server is filed, BARE its host, ALIAS another name for it. */
  function fill(text: string): string {
    return text
      .replace(/HASH\((.*?)\)/g, (_, name: string) => hashed(fill(name)))
      .replaceAll("NAME", `[${vm.host}]:${vm.port}`)
      .replaceAll("BARE", vm.host)
      .replaceAll("ALIAS", "vm.lab")
      .replace(/\b(ED|RSA|OTHER|OTHERRSA)\b/g, (word) => keys[word as keyof typeof keys]);
  }

  /** Whether ssh, with these lines and no others, gets in. */
  async function sshAccepts(text: string, alias: boolean): Promise<boolean> {
    const file = join(folder.path, randomBytes(6).toString("hex"));
    await writeFile(file, text);
    const options = [
      "BatchMode=yes",
      "StrictHostKeyChecking=yes",
      `UserKnownHostsFile=${file}`,
      "GlobalKnownHostsFile=/dev/null",
      "IdentitiesOnly=yes",
      "UpdateHostKeys=no",
      ...(alias ? ["HostKeyAlias=vm.lab"] : []),
    ];
    const args = [
      "-F",
      "/dev/null",
      ...options.flatMap((each) => ["-o", each]),
      "-i",
      vm.identityFile,
      "-p",
      String(vm.port),
      `${vm.user}@${vm.host}`,
      "true",
    ];
    return new Promise((resolve) => execFile("ssh", args, (error) => resolve(error === null)));
  }

  /** What tofu3 does: the server shows the first type that is asked for and that it has. */
  function tofu3Accepts(text: string, alias: boolean): boolean {
    const place = alias ? { worker: "fra", host: "vm.lab", port: 22 } : { worker: "fra", host: vm.host, port: vm.port };
    try {
      const trust = trustKnownHosts(place, parseKnownHosts(text, "f"));
      const shown = trust.types
        .map((type) => (type === "ssh-ed25519" ? keys.ED : type === "ssh-rsa" ? keys.RSA : null))
        .find((key) => key !== null);
      return shown !== undefined && trust.accepts(Buffer.from(shown.split(" ")[1] ?? "", "base64"));
    } catch {
      return false;
    }
  }

  const same: [what: string, text: string, alias?: "alias"][] = [
    ["the key", "NAME ED"],
    ["another key", "NAME OTHER"],
    ["nothing", ""],
    ["the key of another host", "[other]:22 ED"],
    ["the key of another port", "[BARE]:1 ED"],
    ["hashed", "HASH(NAME) ED"],
    ["hashed, of another host", "HASH(other) ED"],
    ["hashed, another key", "HASH(NAME) OTHER"],
    ["RSA only", "NAME RSA"],
    ["another RSA key only", "NAME OTHERRSA"],
    ["both", "NAME ED\nNAME RSA"],
    ["another key first", "NAME OTHER\nNAME ED"],
    ["another key behind", "NAME ED\nNAME OTHER"],
    ["another ed25519 key and the right RSA key", "NAME OTHER\nNAME RSA"],
    ["the right ed25519 key and another RSA key", "NAME ED\nNAME OTHERRSA"],
    ["revoked", "@revoked NAME ED"],
    ["known and revoked", "NAME ED\n@revoked NAME ED"],
    ["revoked and known", "@revoked NAME ED\nNAME ED"],
    ["revoked for everybody", "NAME ED\n@revoked * ED"],
    ["known, and revoked for the bare host", "NAME ED\n@revoked BARE ED"],
    ["known, and revoked hashed", "NAME ED\n@revoked HASH(NAME) ED"],
    ["revoked in CRLF", "NAME ED\r\n@revoked NAME ED\r"],
    ["another key revoked", "NAME ED\n@revoked * OTHER"],
    ["RSA revoked, ed25519 known", "NAME ED\n@revoked * RSA"],
    ["a certificate authority only", "@cert-authority NAME ED"],
    ["a certificate authority beside the key", "@cert-authority NAME OTHER\nNAME ED"],
    ["an unknown marker", "@trusted NAME ED"],
    ["any host", "* ED"],
    ["any host and port", "[*]:* ED"],
    ["a list", "a,b,NAME,c ED"],
    ["a list with a hole", "a,,NAME ED"],
    ["question marks", "[???.?.?.?]:* ED"],
    ["a comment line", "# NAME ED"],
    ["a comment behind", "NAME ED me@here"],
    ["white space in front", " \t NAME ED"],
    ["CRLF", "NAME ED\r\n"],
    ["CRLF without a comment, twice", "NAME OTHER\r\nNAME ED\r\n"],
    ["bad base64 before the right line", "NAME ssh-ed25519 !!!\nNAME ED"],
    ["a wrong type before the right key", "NAME ssh-rsa AAAA\nNAME ED"],
    ["garbage before the right line", "\x01\x02 xx\nNAME ED"],
    ["alias", "ALIAS ED", "alias"],
    ["alias in upper case", "VM.LAB ED", "alias"],
    ["alias, hashed", "HASH(ALIAS) ED", "alias"],
    ["alias, another key", "ALIAS OTHER", "alias"],
    ["alias, wildcard", "*.lab ED", "alias"],
    ["alias, negated", "*.lab,!ALIAS ED", "alias"],
    ["alias, negated first", "!ALIAS,*.lab ED", "alias"],
    ["alias, negated by a wildcard", "!vm.*,*.lab ED", "alias"],
    ["alias, another negated", "!x.lab,*.lab ED", "alias"],
    ["alias, only negated", "!x.lab ED", "alias"],
    ["alias, with port", "[ALIAS]:22 ED", "alias"],
    ["alias, the real name", "NAME ED", "alias"],
  ];
  test.concurrent.each(same)("%s", async (_, text, alias) => {
    const lines = `${fill(text)}\n`;
    expect(tofu3Accepts(lines, alias !== undefined)).toBe(await sshAccepts(lines, alias !== undefined));
  });

  test.concurrent.each([
    ["a line of the bare host is for port 22 alone", "BARE ED"],
    ["the same, hashed", "HASH(BARE) ED"],
    ["a negated port is not answered by a wildcard for the bare host", "!NAME,* ED"],
  ])("stricter than ssh: %s", async (_, text) => {
    const lines = `${fill(text)}\n`;
    expect([tofu3Accepts(lines, false), await sshAccepts(lines, false)]).toEqual([false, true]);
  });
});
