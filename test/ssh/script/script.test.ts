import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { tmpdir } from "node:os";
import { kill } from "node:process";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ReplyParser, type JobReply } from "../../../src/ssh/script/reply.ts";
import { COMMAND, LINES, SCRIPT, SCRIPT_FILE, VERSION } from "../../../src/ssh/script/script.ts";
import { machineIdentity, readMachine } from "../../../src/local/machine.ts";
import { batchJob, LET_GO, partJob, streamJob } from "../../../src/ssh/job.ts";
import type { ShellJob } from "../../../src/ssh/shell.ts";
import { parseProxy } from "../../../src/http/proxy.ts";
import { Secret } from "../../../src/secret.ts";
import { runCommand } from "../../lab/cli.ts";
import { makeFolder } from "../../lab/processes.ts";
import { makeKeyFile } from "../../lab/sshd.ts";
import { processesWith } from "../../lab/proc.ts";
import { BODY, digestOf, HALF } from "../../http/bodies.ts";
import { queryFor, startRawServer, until, type RawServer } from "../../http/rawserver.ts";
import { LIMITS } from "../sshlab.ts";

const NONCE = "0123456789abcdef0123456789abcdef";
const SETTINGS = { limits: LIMITS, proxy: null, parallel: true, reportsApart: true, certifies: true };

let folder: Awaited<ReturnType<typeof makeFolder>>;
let server: RawServer;
beforeAll(async () => {
  folder = await makeFolder("script");
  server = await startRawServer((socket, request) => {
    const [, path = ""] = request.split(" ");
    const from = /range: bytes=(\d+)-/i.exec(request)?.[1];
    if (from !== undefined) {
      const rest = BODY.subarray(Number(from));
      socket.write(
        `HTTP/1.1 206 X\r\nContent-Length: ${rest.length}\r\nContent-Range: bytes ${from}-${BODY.length - 1}/${BODY.length}\r\n\r\n`,
      );
      socket.write(rest);
    } else if (path.includes("/moved")) {
      socket.write(`HTTP/1.1 307 Moved\r\nLocation: /v2/b?signature=s3cret\r\nContent-Length: 5\r\n\r\nmoved`);
    } else if (path.endsWith("/cut")) {
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${BODY.length}\r\n\r\n`);
      socket.end(HALF);
    } else if (path.endsWith("/never")) socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${BODY.length}\r\n\r\nx`);
    else {
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${BODY.length}\r\n\r\n`);
      socket.write(BODY);
    }
  });
});
afterAll(async () => {
  await server.close();
  await folder.remove();
});

/** The script under some interpreter, as sshd starts it: in a process group of its own. */
function start(command: readonly [string, ...string[]], env: Readonly<Record<string, string>> = {}) {
  const marker = Math.random().toString(36).slice(2);
  const [program, ...args] = command;
  const child = spawn(program, args, {
    argv0: program.endsWith("zsh") ? "sh" : program,
    detached: true,
    env: { PATH: "/usr/bin:/bin", HOME: folder.path, TMPDIR: folder.path, TOFU3_LAB_SCRIPT: marker, ...env },
  });
  const waiting: ((reply: JobReply) => void)[] = [];
  let stderr = "";
  let bye = false;
  const parser = new ReplyParser(NONCE, {
    onBegin: () => undefined,
    onTransfer: () => undefined,
    onOther: () => undefined,
    onEnd: (reply) => waiting.shift()?.(reply),
    onBye: () => void (bye = true),
  });
  child.stdout.on("data", (chunk: Buffer) => parser.feed(chunk));
  child.stderr.on("data", (chunk: Buffer) => void (stderr += chunk.toString()));
  child.stdin.on("error", () => undefined);
  const closed = once(child, "close").then(([code]) => code as number | null);
  return {
    child,
    closed,
    stderr: () => stderr,
    bye: () => bye,
    processes: () => processesWith("TOFU3_LAB_SCRIPT", marker),
    run: async ({ lines, mostBytes }: ShellJob): Promise<JobReply> => {
      parser.allow(mostBytes);
      const reply = new Promise<JobReply>((resolve) => waiting.push(resolve));
      child.stdin.write(lines.map((line) => `${line}\n`).join(""));
      const ended = closed.then((code) => Promise.reject(new Error(`it ended with ${code}: ${stderr}`)));
      return Promise.race([reply, ended]);
    },
  };
}

const GREET: ShellJob = { lines: [NONCE], mostBytes: 0 };
const INTERPRETERS: readonly (readonly [string, ...string[]])[] = [
  ["/bin/sh"],
  ["/usr/bin/dash"],
  ["/usr/bin/bash"],
  ["/usr/bin/bash", "--posix"],
  ["/usr/bin/busybox", "sh"],
  ["/usr/bin/zsh"],
];

describe.each(INTERPRETERS)("%s %s", (program, ...options) => {
  const args = [...options.filter(Boolean), "-c", SCRIPT];
  test.each([
    ["as it is sent", SCRIPT],
    ["as the file that is printed", SCRIPT_FILE],
  ])("understands it %s", async (_, text) => {
    const file = join(folder.path, "text.sh");
    await writeFile(file, text);
    const checked = spawn(program, [...options.filter(Boolean), "-n", file]);
    expect(await once(checked, "close")).toEqual([0, null]);
    await rm(file);
  });

  test("greets, does a batch and a stream that is cut and resumed, and leaves nothing", async () => {
    const shell = start([program, ...args]);
    const { info, lacks } = await shell.run(GREET);
    expect([info.get("hash"), lacks]).toEqual(["openssl", []]);
    expect(info.get("curl")).toMatch(/^curl \d/);
    expect(Math.abs(Number(info.get("clock")) - Date.now() / 1000)).toBeLessThan(5);
    const machine = readFileSync("/etc/machine-id", "utf8").trim();
    expect(info.get("machine")).toBe(machineIdentity(machine));
    expect({ machine: info.get("machine"), boot: info.get("boot") }).toEqual(
      await readMachine(new AbortController().signal),
    );

    const queries = [`${server.url}a`, `${server.url}b[1-2]{x,y}`, "http://127.0.0.1:1/"].map((url) => queryFor(url));
    for (const parallel of [true, false]) {
      const batch = await shell.run(batchJob("256", queries, BODY.length, { ...SETTINGS, parallel }));
      expect(
        [...batch.transfers.values()].sort((a, b) => a.index - b.index).map(({ status, size }) => [status, size]),
      ).toEqual([
        [200, 50_000],
        [200, 50_000],
        [0, 0],
      ]);
      expect([...batch.sums]).toEqual([
        ["b1", digestOf(BODY).slice(7)],
        ["b2", digestOf(BODY).slice(7)],
      ]);
      expect([...batch.files.keys()].filter((name) => name.startsWith("b"))).toEqual([]);
      expect(parallel ? batch.transfers.get(3)?.exit : batch.exits.get(3)).toBe(7);
    }
    const documents = await shell.run(batchJob("r", queries.slice(0, 2), BODY.length, SETTINGS));
    expect(documents.files.get("b2")?.equals(BODY)).toBe(true);

    for (const reportsApart of [true, false]) {
      const settings = { ...SETTINGS, reportsApart };
      const cut = await shell.run(streamJob(queryFor(`${server.url}cut`), "sha256", settings));
      expect([cut.transfers.get(1)?.size, cut.exits.get(1)]).toEqual([25_000, 18]);
      const whole = await shell.run(partJob(queryFor(server.url, { headers: [["range", "bytes=25000-"]] }), settings));
      expect([whole.transfers.get(2)?.status, whole.exits.get(1), whole.sums.get("-")]).toEqual([
        206,
        0,
        digestOf(BODY).slice(7),
      ]);
    }
    const held = await shell.run(streamJob(queryFor(`${server.url}cut`), "sha256", SETTINGS));
    expect(held.exits.get(1)).toBe(18);
    expect((await shell.run(LET_GO)).sums.get("-")).toBe(digestOf(HALF).slice(7));
    const pong = await shell.run({ lines: ["ping"], mostBytes: 0 });
    expect(pong.info.has("clock")).toBe(true);

    shell.child.stdin.write("bye\n");
    expect([
      await shell.closed,
      shell.bye(),
      shell.stderr().replaceAll(/[^]*?Current[^]*?Speed|[-\d:.kM%\s]+/g, ""),
    ]).toEqual([0, true, ""]);
    expect([readdirSync(folder.path), shell.processes()]).toEqual([[], []]);
  });

  test("signs what it did, and tells no secret", async () => {
    const home = await makeFolder("signer");
    await mkdir(join(home.path, ".ssh"));
    const key = join(home.path, ".ssh/tofu3_sign");
    await makeKeyFile(key);
    const shell = start([program, ...args], { HOME: home.path });
    const { info } = await shell.run(GREET);
    expect(`${info.get("signer") ?? ""}\n`).toBe(await readFile(`${key}.pub`, "utf8"));
    shell.child.stdin.write('q{"run":"1"}\n');
    const secrets = ["moved?signature=s3cret", "a"].map((path) =>
      queryFor(`${server.url}${path}`, { headers: [["authorization", new Secret("Bearer s3cret")]] }),
    );
    await shell.run(batchJob("r", secrets, BODY.length, SETTINGS));
    const closed = queryFor("http://127.0.0.1:1/");
    await shell.run(batchJob("512", [queryFor(`${server.url}b`), closed], BODY.length, SETTINGS));
    await shell.run(streamJob(queryFor(`${server.url}cut`), "sha256", SETTINGS));
    await shell.run(partJob(queryFor(`${server.url}rest`, { headers: [["range", "bytes=25000-"]] }), SETTINGS));
    const { files } = await shell.run({ lines: ["Q"], mostBytes: 10_000 });
    shell.child.stdin.write("bye\n");
    expect([await shell.closed, shell.bye()]).toEqual([0, true]);

    const [text = "", signature = ""] = ["log", "sig"].map((name) => files.get(name)?.toString());
    const own = new URL(server.url).origin;
    expect(
      text
        // transfers end in no order
        .replaceAll(/^r 2 (\d+)\nr 1 (\d+)$/gm, "r 1 $2\nr 2 $1")
        .replaceAll(/^(began|ended) \d{10}$/gm, "$1 TIME")
        .replaceAll(own, "OWN")
        .split("\n"),
    ).toEqual([
      "tofu3 receipt 1",
      "began TIME",
      'q {"run":"1"}',
      ...["j", 'o header = "authorization', 'u 1 "OWN/v2/moved?', 'u 2 "OWN/v2/a"', "r 1 0", "r 2 0"],
      ...["a h1 HTTP/1.1 307", "a h1 Location: /v2/b?", "a h2 HTTP/1.1 200"],
      ...[`d ${digestOf(Buffer.from("moved")).slice(7)} *b1`, `d ${digestOf(BODY).slice(7)} *b2`],
      ...["j", 'u 1 "OWN/v2/b"', 'u 2 "http://127.0.0.1:1/"', "r 1 0", "r 2 7", "a h1 HTTP/1.1 200"],
      `d ${createHash("sha512").update(BODY).digest("hex")} *b1`,
      ...["j", 'u 1 "OWN/v2/cut"', "r 1 18", "a h1 HTTP/1.1 200"],
      ...["j", 'o header = "range', 'u 2 "OWN/v2/rest"', "r 2 0"],
      ...[`d ${digestOf(BODY).slice(7)} -`, "a h2 HTTP/1.1 206"],
      "ended TIME",
      "",
    ]);
    expect(text).not.toContain("s3cret");
    await writeFile(join(home.path, "sig"), signature);
    await writeFile(join(home.path, "allowed"), `vm ${await readFile(`${key}.pub`, "utf8")}`);
    const verify = ["-Y", "verify", "-f", "allowed", "-I", "vm", "-n", "tofu3", "-s", "sig"];
    expect(await runCommand(["ssh-keygen", ...verify], { cwd: home.path, stdin: text })).toMatchObject({ code: 0 });
    expect(await runCommand(["ssh-keygen", ...verify], { cwd: home.path, stdin: `${text} ` })).toMatchObject({
      code: 255,
    });
    expect(readdirSync(folder.path)).toEqual([]);
    await home.remove();
  });

  test.each([
    ["in a batch", batchJob("256", [queryFor("URL/never"), queryFor("URL/b")], BODY.length, SETTINGS)],
    ["in a stream", streamJob(queryFor("URL/never"), "sha256", SETTINGS)],
    ["when idle", { lines: ["ping"], mostBytes: 0 }],
  ])("the end of its input ends everything %s", async (_, { lines }) => {
    const shell = start([program, ...args]);
    await shell.run(GREET);
    const before = server.requests.length;
    shell.child.stdin.write(lines.map((line) => `${line.replace("URL", server.url)}\n`).join(""));
    if (!lines.includes("ping")) await until(() => server.requests.length > before);
    shell.child.stdin.end();
    expect(await shell.closed).toBeNull();
    await until(() => shell.processes().length === 0);
    expect(readdirSync(folder.path)).toEqual([]);
  });
});

test("what was started a moment before the end of its input gets the signal at the second try", async () => {
  const tools = await makeFolder("tools");
  const survivors = join(tools.path, "survivors");
  // the first removal fails, late enough for a subshell that lost the signal to have started its curl
  const slow = `#!/bin/sh\nif test -e ${tools.path}/again; then sleep 0.2; pgrep -r R,S,D -g 0 curl >${survivors}; exec /bin/rm "$@"; fi\n: >${tools.path}/again\nsleep 0.5\nexit 1\n`;
  await writeFile(join(tools.path, "rm"), slow, { mode: 0o755 });
  for (let round = 0; round < 4; round++) {
    // the beginning removes its pipe
    await writeFile(join(tools.path, "again"), "");
    const shell = start(["/bin/sh", "-c", SCRIPT], { PATH: `${tools.path}:/usr/bin:/bin` });
    await shell.run(GREET);
    await rm(join(tools.path, "again"));
    const { lines } = batchJob("256", [queryFor(`${server.url}never`)], BODY.length, SETTINGS);
    shell.child.stdin.end(lines.map((line) => `${line}\n`).join(""));
    await shell.closed;
    expect(readFileSync(survivors, "utf8")).toBe("");
  }
  await tools.remove();
  expect(readdirSync(folder.path)).toEqual([]);
});

describe("signals", () => {
  test.each(["SIGTERM", "SIGHUP"] as const)("%s ends everything, too", async (signal) => {
    const shell = start(["/bin/sh", "-c", SCRIPT]);
    await shell.run(GREET);
    const before = server.requests.length;
    const { lines } = streamJob(queryFor(`${server.url}never`), "sha256", SETTINGS);
    shell.child.stdin.write(lines.map((line) => `${line}\n`).join(""));
    await until(() => server.requests.length > before);
    shell.child.kill(signal);
    await shell.closed;
    await until(() => shell.processes().length === 0);
    expect(readdirSync(folder.path)).toEqual([]);
  });

  test("its own words to nobody do not end it before it has cleaned up", async () => {
    for (let delay = 0; delay < 40; delay += 2) {
      const shell = start(["/bin/sh", "-c", SCRIPT]);
      shell.child.stdin.write(`${NONCE}\n`);
      await new Promise((resolve) => setTimeout(resolve, delay));
      shell.child.stdout.destroy();
      shell.child.stderr.destroy();
      shell.child.stdin.end();
      await once(shell.child, "exit");
      await until(() => shell.processes().length === 0);
      expect(readdirSync(folder.path)).toEqual([]);
    }
  });
});

describe("an interpreter that would show secrets in the process list", () => {
  test("is not used", async () => {
    const shell = start(["/usr/bin/mksh", "-c", SCRIPT]);
    shell.child.stdin.write(`${NONCE}\n`);
    expect(await shell.closed).toBe(93);
    expect(readdirSync(folder.path)).toEqual([]);
  });
});

describe("the beginning", () => {
  test("no input: 90", async () => {
    const shell = start(["/bin/sh", "-c", SCRIPT]);
    shell.child.stdin.end();
    expect(await shell.closed).toBe(90);
  });

  test("the environment's proxies and authorities are not used", async () => {
    const traps = {
      http_proxy: "http://127.0.0.1:1",
      ALL_PROXY: "http://127.0.0.1:1",
      CURL_CA_BUNDLE: "/nowhere",
      SSL_CERT_FILE: "/nowhere",
      NO_PROXY: "x",
      LD_BIND_NOW: "1",
    };
    const shell = start(["/bin/sh", "-c", SCRIPT], traps);
    await shell.run(GREET);
    const batch = await shell.run(batchJob("256", [queryFor(server.url)], BODY.length, SETTINGS));
    expect(batch.transfers.get(1)?.exit).toBe(0);
    shell.child.stdin.end();
    await shell.closed;
  });

  test("an empty PATH is filled", async () => {
    const shell = start(["/bin/sh", "-c", SCRIPT], { PATH: "" });
    expect((await shell.run(GREET)).info.get("hash")).toBe("openssl");
    shell.child.stdin.end();
    await shell.closed;
  });

  test("files are for the owner alone", async () => {
    const shell = start(["/bin/sh", "-c", SCRIPT]);
    await shell.run(GREET);
    shell.child.stdin.write("A\naPEM\nping\n");
    const [own = ""] = readdirSync(folder.path);
    await until(() => readdirSync(join(folder.path, own)).includes("ca"));
    expect([
      statSync(join(folder.path, own)).mode & 0o777,
      statSync(join(folder.path, own, "ca")).mode & 0o777,
    ]).toEqual([0o700, 0o600]);
    shell.child.stdin.end();
    await shell.closed;
  });

  test("killed with its whole group, only its folder is left", async () => {
    const shell = start(["/bin/sh", "-c", SCRIPT]);
    await shell.run(GREET);
    if (shell.child.pid !== undefined) kill(-shell.child.pid, "SIGKILL");
    await shell.closed;
    const left = readdirSync(folder.path);
    expect(left.length).toBe(1);
    await rm(join(folder.path, left[0] ?? ""), { recursive: true });
  });
});

describe("whoever may start the script and nothing else", () => {
  const place = join(tmpdir(), "tofu3-written-by-a-test");
  afterAll(() => rm(place, { force: true }));
  const JOB = batchJob("r", [queryFor("URL/a")], BODY.length, SETTINGS).lines;

  test.each([
    ['toutput = "PLACE"'],
    ['tdump-header = "PLACE"'],
    ['tstderr = "PLACE"'],
    ['tcookie-jar = "PLACE"'],
    ['ttrace = "PLACE"'],
    ["t-oPLACE"],
    ["t--output PLACE"],
    ["t output = PLACE"],
    ['twrite-out = "%output{PLACE}x"'],
    ['tconfig = "PLACE"'],
    ["tnext"],
    ['turl = "file:///etc/passwd"'],
    ['tproto = "=file"'],
    ['tupload-file = "/etc/passwd"'],
    ['tdata = "@/etc/passwd"'],
    ['theader = "@/etc/passwd"'],
    ["theader = @/etc/passwd"],
    ['theader = "Host: other.example"'],
    ['theader = "host: other.example"'],
    ['theader = "X-Forwarded-Host: other.example"'],
    ['theader = "accept: x\\r\\nHost: other.example"'],
    ['tresolve = "registry.example:443:127.0.0.1"'],
    ['tconnect-to = "::127.0.0.1:1"'],
    ["tinsecure"],
    ["tlocation"],
    ['tcacert = "/etc/ssl/certs/ca-certificates.crt"'],
    ['tcert = "/etc/passwd"'],
    ['tnetrc-file = "/etc/passwd"'],
    ['u"file:///etc/passwd"'],
    ['u"http://127.0.0.1/\\r\\nHost: other.example"'],
    ["v%output{PLACE}"],
    ["v%\\output{PLACE}"],
    ['v%{stdout}x"'],
    ["x%output{PLACE}"],
    ["xv"],
    ['theader = "accept-encoding: gzip"'],
    ['theader = "accept: x\rHost: other.example"'],
    ['u"http://127.0.0.1/\rx"'],
    ['wwrite-out = "@/etc/passwd'],
    ['q{"run":"2"}'],
  ])("cannot send %s", async (line) => {
    const home = await makeFolder("signer");
    await mkdir(join(home.path, ".ssh"));
    await makeKeyFile(join(home.path, ".ssh/tofu3_sign"));
    const shell = start(["/bin/sh", "-c", SCRIPT], { HOME: home.path });
    await shell.run(GREET);
    const before = server.requests.length;
    const lines = ['q{"run":"1"}', line, ...JOB, "bye"].map((each) => `${each.replace("PLACE", place)}\n`).join("");
    shell.child.stdin.write(lines.replaceAll("URL", server.url));
    // SIGKILL to its whole group
    expect(await shell.closed).toBeNull();
    expect([server.requests.length, existsSync(place), readdirSync(folder.path)]).toEqual([before, false, []]);
    await home.remove();
  });

  test.each(["s256 9 PLACE", "s256 9 1 PLACE", "s256PLACE 9 1", "bPLACE z 9", "b256 z PLACE", "b256 z 9>PLACE", "bz"])(
    "does not write a file with %s",
    async (line) => {
      const shell = start(["/bin/sh", "-c", SCRIPT]);
      await shell.run(GREET);
      const urls = JOB.filter((each) => !each.startsWith("b")).map((each) => each.replace("URL", server.url));
      const lines = [...urls, line.replace("PLACE", place), "bye"];
      await shell.run({ lines, mostBytes: 200_000 }).catch(() => undefined);
      await shell.closed;
      expect(existsSync(place)).toBe(false);
    },
  );

  test.each([
    ["a file of the VM", '@/etc/passwd" #'],
    ["a file to write", "%output{/tmp/x}"],
    ["too few digits", "0".repeat(31)],
    ["too many digits", "0".repeat(33)],
    ["capitals", "A".repeat(32)],
    ["nothing", ""],
  ])("cannot begin with %s in place of the nonce", async (_, nonce) => {
    const env = { PATH: "/usr/bin:/bin", TMPDIR: folder.path };
    // in a group of its own, which it may kill
    const child = spawn("/bin/sh", ["-c", SCRIPT], { env, detached: true });
    let said = "";
    child.stdout.on("data", (chunk: Buffer) => void (said += chunk.toString()));
    child.stdin.end(`${nonce}\n`);
    expect([await once(child, "close"), said, readdirSync(folder.path)]).toEqual([[91, null], "", []]);
  });

  test.each([
    ["another batch", (lines: readonly string[]) => lines],
    ["a stream", () => streamJob(queryFor("URL/moved"), "sha256", SETTINGS).lines],
    ["a receipt", () => ["Q"]],
    ["a part of a body", () => ["m-"]],
    ["other authorities", () => ["A"]],
    ["more of them", () => ["ax"]],
  ])("cannot have %s while a job runs, so that bytes of one are hashed as those of another", async (_, second) => {
    const home = await makeFolder("signer");
    await mkdir(join(home.path, ".ssh"));
    await makeKeyFile(join(home.path, ".ssh/tofu3_sign"));
    const shell = start(["/bin/sh", "-c", SCRIPT], { HOME: home.path });
    await shell.run(GREET);
    const { lines } = batchJob("r", [queryFor("URL/never")], BODY.length, SETTINGS);
    const before = server.requests.length;
    const say = (...all: readonly string[]): void =>
      void shell.child.stdin.write(all.map((line) => `${line.replace("URL/", server.url)}\n`).join(""));
    say('q{"run":"1"}', ...lines);
    await until(() => server.requests.length > before);
    say(...second(lines));
    // SIGKILL to its whole group
    expect(await shell.closed).toBeNull();
    await until(() => shell.processes().length === 0);
    expect(readdirSync(folder.path)).toEqual([]);
    await home.remove();
  });

  test("cannot begin a receipt when bytes are on their way that it would not tell of", async () => {
    const home = await makeFolder("signer");
    await mkdir(join(home.path, ".ssh"));
    await makeKeyFile(join(home.path, ".ssh/tofu3_sign"));
    const shell = start(["/bin/sh", "-c", SCRIPT], { HOME: home.path });
    await shell.run(GREET);
    const held = await shell.run(streamJob(queryFor(`${server.url}cut`), "sha256", SETTINGS));
    expect(held.exits.get(1)).toBe(18);
    await expect(shell.run({ lines: ['q{"run":"1"}', ...LET_GO.lines], mostBytes: 9999 })).rejects.toThrow("it ended");
    expect(await shell.closed).toBeNull();
    await home.remove();
  });

  test("cannot have a part of a body, or a redirect that a proxy made up, taken for what a server gave", async () => {
    const home = await makeFolder("signer");
    await mkdir(join(home.path, ".ssh"));
    await makeKeyFile(join(home.path, ".ssh/tofu3_sign"));
    const proxy = await startRawServer((socket) =>
      socket.end("HTTP/1.1 302 X\r\nLocation: http://127.0.0.1/evil\r\nContent-Length: 0\r\n\r\n"),
    );
    const shell = start(["/bin/sh", "-c", SCRIPT], { HOME: home.path });
    await shell.run(GREET);
    const asked = batchJob("r", [queryFor(`${server.url}a`)], BODY.length, SETTINGS);
    const short = asked.lines.map((line) => line.replace(/^br z \d+$/, "br z 2"));
    const lines = ['q{"run":"1"}', ...short];
    await shell.run({ lines, mostBytes: 200_000 });
    const proxied = batchJob("r", [queryFor("https://registry.example/v2/")], BODY.length, {
      ...SETTINGS,
      proxy: parseProxy(`http://127.0.0.1:${proxy.port}`),
    });
    await shell.run(proxied);
    const { files } = await shell.run({ lines: ["Q"], mostBytes: 10_000 });
    const text = files.get("log")?.toString() ?? "";
    expect(text).toContain("\nr 1 23\n");
    expect(text.slice(text.lastIndexOf("\nj\n"))).toMatch(
      /^\nj\no proxy\nu 1 "https:\/\/registry\.example\/v2\/"\nr 1 56\nended \d+\n$/,
    );
    shell.child.stdin.end();
    await shell.closed;
    await proxy.close();
    await home.remove();
  });
});

describe("the text", () => {
  test("passes every login shell: no apostrophe, line break, double backslash, exclamation mark or negated class, and ASCII only", () => {
    expect(SCRIPT).toMatch(/^[\x20-\x7e]*$/);
    for (const bad of ["'", "\\\\", "!", "[^"]) expect(SCRIPT).not.toContain(bad);
    expect(COMMAND).toBe(`exec /bin/sh -c '${SCRIPT}'`);
  });
  test("names its version, in its greeting and for whoever reads the file", () => {
    expect(SCRIPT).toContain(`begin ${VERSION}`);
    expect(SCRIPT_FILE).toContain(`# The tofu3 worker script, version ${VERSION}.`);
  });
  test("is what its version was: whoever changes a letter of it counts VERSION up", () => {
    const digest = createHash("sha256").update(SCRIPT).digest("hex");
    expect([VERSION, digest]).toEqual([5, "88e98d8ccceec3144a0be92da985fbf0c6c48af054af922919283c5aa738d995"]);
  });
  test("is the same text in the file: its lines without comments, and no line that a person cannot read", () => {
    const lines = SCRIPT_FILE.trimEnd().split("\n");
    expect(lines.filter((line) => !line.startsWith("#"))).toEqual(LINES);
    const words = (text: string): string => text.replaceAll(/[\s;]+/g, " ");
    expect(words(LINES.join("\n"))).toBe(words(SCRIPT));
    expect(lines.filter((line) => line.length > 150)).toEqual([]);
  });
  test("fits into one packet and into what tcsh takes for a word", () => expect(COMMAND.length).toBeLessThan(8 * 1024));
  test("curl always reads no configuration but ours", () => {
    const options = [...SCRIPT.matchAll(/\bcurl (-\S+)/g)].map(([, option]) => option);
    expect(new Set(options)).toEqual(new Set(["-q"]));
    expect(options.length).toBe(2);
  });
});

describe("docs/protocol.md", () => {
  const text = readFileSync(join(import.meta.dirname, "../../../docs/protocol.md"), "utf8");
  test("has every line of the script, in order, and no other", () => {
    const shown = [...text.matchAll(/```sh script\n([^]*?)```/g)].flatMap(([, lines = ""]) =>
      lines.trimEnd().split("\n"),
    );
    expect(shown).toEqual(LINES);
  });
});
