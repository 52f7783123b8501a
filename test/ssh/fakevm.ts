import { once } from "node:events";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { join } from "node:path";
import ssh2, { type Connection, type ServerChannel } from "ssh2";
import { fingerprintOf } from "../../src/model/fingerprint.ts";
import { makeFolder } from "../lab/processes.ts";
import { makeKeyFile } from "../lab/sshd.ts";
import type { SshTarget } from "../../src/ssh/connection/target.ts";
import { readFile } from "node:fs/promises";

export interface FakeRules {
  /** What becomes of an exec; the default answers as the script would and then says what it is told to. */
  readonly onExec?: (channel: ServerChannel, socket: Socket, count: number) => void;
  /** Exec requests, session requests and logins get no answer. */
  readonly silent?: "exec" | "session" | "auth";
  /** Called as soon as the client is in, before it knows. */
  readonly onIn?: (socket: Socket) => void;
  readonly algorithms?: ssh2.ServerConfig["algorithms"];
}

export interface FakeVm {
  readonly target: SshTarget;
  /** Ways to log in that were tried. */
  readonly tried: string[];
  readonly stop: () => Promise<void>;
}

/** An SSH server of ssh2 that lets everybody in and then does as it is told. */
export async function startFakeVm(rules: FakeRules = {}): Promise<FakeVm> {
  const folder = await makeFolder("fakevm");
  const hostKey = join(folder.path, "host");
  const identity = join(folder.path, "id");
  await makeKeyFile(hostKey);
  await makeKeyFile(identity);
  const tried: string[] = [];
  const clients = new Map<Connection, Socket>();
  const sockets = new Set<Socket>();
  let count = 0;
  const privateKey = await readFile(hostKey, "utf8");
  const ssh = new ssh2.Server(
    { hostKeys: [privateKey], ...(rules.algorithms === undefined ? {} : { algorithms: rules.algorithms }) },
    (client) => {
      const socket = [...sockets].at(-1) as Socket;
      clients.set(client, socket);
      client.on("error", () => undefined);
      client.on("authentication", (attempt) => {
        tried.push(attempt.method);
        if (rules.silent === "auth") return;
        rules.onIn?.(socket);
        attempt.accept();
      });
      client.on("session", (accept) => {
        if (rules.silent === "session") return;
        accept().on("exec", (take) => {
          if (rules.silent === "exec") return;
          const channel = take();
          channel.on("error", () => undefined);
          channel.stderr.on("error", () => undefined);
          (rules.onExec ?? answerAndStay)(channel, socket, count++);
        });
      });
    },
  );
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.once("close", () => sockets.delete(socket));
    ssh.injectSocket(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const parsed = ssh2.utils.parseKey(privateKey);
  if (parsed instanceof Error) throw parsed;
  return {
    tried,
    target: {
      worker: "fra",
      host: "127.0.0.1",
      port,
      user: "tofu",
      identityFiles: [{ file: identity, named: true }],
      agent: null,
      identitiesOnly: false,
      hostKey: fingerprintOf(parsed.getPublicSSH()),
      knownHostsFiles: [],
      hostKeyAlias: null,
      jump: null,
    },
    async stop() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await folder.remove();
    },
  };
}

export const GREETING = [
  "begin 5",
  "info hash openssl",
  "info machine ",
  "info boot ",
  "info os Lab 1",
  "info clock 1",
  "info curl curl 7.88.1",
  "end",
];

/** Reads the nonce, the first line, and calls back with it; `onLine` gets the lines behind it. */
export function withNonce(
  channel: ServerChannel,
  use: (nonce: string) => void,
  onLine: (line: string, nonce: string) => void = () => undefined,
): void {
  let nonce = "";
  let rest = "";
  channel.on("data", (chunk: Buffer) => {
    rest += chunk.toString("latin1");
    for (let end = rest.indexOf("\n"); end >= 0; end = rest.indexOf("\n")) {
      const line = rest.slice(0, end);
      rest = rest.slice(end + 1);
      if (nonce === "") use((nonce = line));
      else onLine(line, nonce);
    }
  });
}

export function say(channel: ServerChannel, nonce: string, ...lines: string[]): void {
  channel.write(lines.map((line) => `${nonce} ${line}\n`).join(""));
}

/** Greets, and says goodbye when it is told to. */
export function answerAndStay(channel: ServerChannel): void {
  withNonce(
    channel,
    (nonce) => say(channel, nonce, ...GREETING),
    (line, nonce) => {
      if (line !== "bye") return;
      say(channel, nonce, "bye");
      channel.exit(0);
      channel.end();
    },
  );
}
