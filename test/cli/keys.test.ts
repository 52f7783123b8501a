import { execFileSync, spawn } from "node:child_process";
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { main } from "../../src/cli/main.ts";
import { signerFor, trustedKeys } from "../../src/cli/signing.ts";
import { PROGRAM } from "../lab/cli.ts";
import { capture } from "./capture.ts";

const cwd = mkdtempSync(join(tmpdir(), "tofu3-keys-"));
afterAll(() => rmSync(cwd, { recursive: true }));
const never = new AbortController().signal;

async function tofu3(...words: string[]): Promise<{ code: number; out: string; err: string }> {
  const io = capture(cwd);
  const code = await main(words, io, never);
  return { code, out: io.out(), err: io.err() };
}

function openssl(...words: string[]): string {
  return execFileSync("openssl", words, { cwd, stdio: ["ignore", "pipe", "pipe"] }).toString();
}

/** What a terminal shows while each passphrase is typed at its prompt. */
async function typed(file: string, first: string, second: string): Promise<string> {
  const command = `'${process.execPath}' '${PROGRAM}' keygen ${file} --passphrase; echo code $?`;
  const child = spawn("script", ["-qec", command, "/dev/null"], { cwd, stdio: ["pipe", "pipe", "ignore"] });
  const waiting = new Map([
    ["passphrase for", `${first}\r`],
    ["the same again", `${second}\r`],
  ]);
  let screen = "";
  child.stdout.on("data", (chunk: Buffer) => {
    screen += chunk.toString("utf8");
    for (const [prompt, text] of waiting) {
      if (!screen.includes(prompt)) continue;
      waiting.delete(prompt);
      child.stdin.write(text);
    }
  });
  const deadline = setTimeout(() => child.kill("SIGKILL"), 40_000);
  await new Promise((resolve) => child.once("close", resolve));
  clearTimeout(deadline);
  expect(screen).not.toContain("secret");
  return screen;
}

const sign = (file: string): Promise<unknown> => signerFor(file, { sign: null }, capture(cwd), never);
const trust = (...keys: string[]): Promise<unknown> => trustedKeys(keys, null, cwd);

describe("tofu3 keygen", () => {
  test("writes a pair that openssl reads, for its owner alone, and tells its name as ssh-keygen does", async () => {
    const before = process.umask(0);
    const { code, out, err } = await tofu3("keygen", "a");
    process.umask(before);
    expect([code, err]).toEqual([0, ""]);
    expect([statSync(join(cwd, "a")).mode & 0o777, statSync(join(cwd, "a.pub")).mode & 0o777]).toEqual([0o600, 0o644]);
    expect(openssl("pkey", "-in", "a", "-pubout")).toBe(readFileSync(join(cwd, "a.pub"), "utf8"));
    expect(openssl("pkey", "-in", "a", "-noout", "-text")).toContain("ED25519 Private-Key");
    const [id = "", line = ""] = out.split("\n");
    writeFileSync(join(cwd, "line.pub"), `${line}\n`);
    expect(execFileSync("ssh-keygen", ["-lf", join(cwd, "line.pub")]).toString()).toContain(` ${id} `);
    const object = await tofu3("keygen", "b", "--json");
    expect(JSON.parse(object.out)).toMatchObject({
      schemaVersion: 1,
      file: join(cwd, "b"),
      publicFile: join(cwd, "b.pub"),
    });
  });

  test("replaces neither file, and leaves both or none", async () => {
    for (const there of ["c", "d.pub"]) writeFileSync(join(cwd, there), "mine");
    for (const name of ["c", "d"]) {
      const { code, err } = await tofu3("keygen", name);
      expect([code, err.split("\n")[0]]).toEqual([
        2,
        expect.stringContaining("is there already, and a key is never replaced"),
      ]);
    }
    expect(readFileSync(join(cwd, "c"), "utf8") + readFileSync(join(cwd, "d.pub"), "utf8")).toBe("minemine");
    expect(readdirSync(cwd)).not.toContain("d");
    const nowhere = await tofu3("keygen", "none/e");
    expect([nowhere.code, nowhere.err]).toEqual([2, expect.stringContaining('cannot write the key "')]);
  });

  test("asks for a passphrase twice, on a terminal only", async () => {
    const { code, err } = await tofu3("keygen", "f", "--passphrase");
    expect([code, err]).toEqual([2, expect.stringContaining("there is no terminal to ask for a passphrase")]);
    expect(await typed("f", "secret", "secret")).toMatch(/SHA256:\S+\r\nssh-ed25519 [\s\S]*code 0\r\n$/);
    expect(readFileSync(join(cwd, "f"), "utf8")).toMatch(/^-----BEGIN ENCRYPTED PRIVATE KEY-----/);
    expect(openssl("pkey", "-in", "f", "-passin", "pass:secret", "-pubout")).toBe(
      readFileSync(join(cwd, "f.pub"), "utf8"),
    );
    expect(await typed("g", "secret", "other")).toMatch(/the two passphrases are not the same\r\n[\s\S]*code 2\r\n$/);
    expect(await typed("g", "", "")).toMatch(/an empty passphrase encrypts nothing[\s\S]*code 2\r\n$/);
    expect(readdirSync(cwd)).not.toContain("g");
    await expect(sign("f")).rejects.toThrow("is encrypted and there is no terminal to ask for its passphrase");
  });
});

describe("a key that signs", () => {
  test("is an Ed25519 one that nobody else may read", async () => {
    openssl("genpkey", "-algorithm", "RSA", "-out", "rsa");
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", join(cwd, "ssh")]);
    writeFileSync(join(cwd, "empty"), "", { mode: 0o600 });
    chmodSync(join(cwd, "b"), 0o640);
    await expect(sign("b")).rejects.toMatchObject({ code: "E_KEY", hint: `chmod 600 "${join(cwd, "b")}"` });
    await expect(sign("rsa")).rejects.toThrow("is a key of the kind rsa");
    await expect(sign("ssh")).rejects.toMatchObject({
      code: "E_KEY",
      hint: expect.stringContaining("ssh-add it") as string,
    });
    await expect(sign("empty")).rejects.toThrow("is not a private key in PEM");
    await expect(sign("missing")).rejects.toThrow("there is no key");
    await expect(sign("a.pub")).rejects.toThrow("no ssh-agent is running here");
    expect(await signerFor(null, { sign: null }, capture(cwd), never)).toBeNull();
  });
});

test("an agent that never answers does not outlast an interruption", async () => {
  const socket = join(cwd, "agent");
  const silent = createServer(() => undefined).listen(socket);
  const stop = new AbortController();
  const opening = signerFor("a.pub", { sign: null }, capture(cwd, { SSH_AUTH_SOCK: socket }), stop.signal);
  setTimeout(() => stop.abort(new Error("interrupted")), 200);
  await expect(opening).rejects.toThrow("interrupted");
  silent.close();
});

describe("a key that is trusted", () => {
  test("stands in a file, in either form, or where the file would be named", async () => {
    const line = readFileSync(join(cwd, "line.pub"), "utf8");
    const keys = (await trustedKeys(["a.pub", "line.pub", `${line.trim()} a comment`], null, cwd)) ?? [];
    expect(new Set(keys.map(({ id }) => id)).size).toBe(1);
    expect(await trustedKeys([], null, cwd)).toBeNull();
    expect(await trustedKeys([], [join(cwd, "a.pub")], cwd)).toHaveLength(1);
  });

  test("is nothing else", async () => {
    openssl("pkey", "-in", "rsa", "-pubout", "-out", "rsa.pub");
    writeFileSync(join(cwd, "two.pub"), readFileSync(join(cwd, "line.pub"), "utf8").repeat(2));
    await expect(trust("empty")).rejects.toMatchObject({
      code: "E_KEY",
      message: expect.stringContaining("it is empty") as string,
    });
    await expect(trust("a")).rejects.toThrow("it is a private key");
    await expect(trust("rsa.pub")).rejects.toThrow("it is of the kind rsa");
    await expect(trust("two.pub")).rejects.toThrow("it has several lines");
    await expect(trust("missing.pub")).rejects.toThrow("there is no key");
    await expect(trust("ssh-ed25519 AAAA")).rejects.toThrow("it is not whole");
    await expect(trust("ssh-rsa AAAA")).rejects.toThrow('it is of the kind "ssh-rsa"');
  });
});
