import { readFile } from "node:fs/promises";
import { connect, type ConnectionOptions } from "node:tls";
import { afterAll, beforeAll, expect, test } from "vitest";
import { unauthorized } from "../../../src/serve/http/guard.ts";
import { listen, type Listening } from "../../../src/serve/http/server.ts";
import { makeAuthority, type Certificate } from "../../lab/authority.ts";
import { makeFolder } from "../../lab/processes.ts";

const LIMITS = {
  ...{ flights: 1, queue: 1, waiting: 1, connections: 9 },
  ...{ headerSeconds: 10, idleSeconds: 10, drainSeconds: 1 },
};

let gate: Listening;
let known: Certificate;
let unknown: Certificate;

beforeAll(async () => {
  const folder = await makeFolder("guard");
  const other = await makeFolder("guard-other");
  const authority = await makeAuthority(folder.path);
  const server = await authority.issue("gate", ["localhost"]);
  known = await authority.issue("known", []);
  unknown = await (await makeAuthority(other.path, "/CN=another lab")).issue("unknown", []);
  const clientCa = await readFile(authority.caFile, "utf8");
  const [certificate, key] = await Promise.all(
    [server.certificateFile, server.keyFile].map((file) => readFile(file, "utf8")),
  );
  const tls = { certificate: certificate ?? "", key: key ?? "", clientCa };
  const auth = { tokens: [], clientCa: { path: authority.caFile, at: "serve.auth.clientCa" } };
  gate = await listen(
    { host: "127.0.0.1", port: 0, fd: null },
    (request, response) => {
      response.end(unauthorized(request, { auth }) === null ? "known" : "unknown");
      return Promise.resolve();
    },
    { tls, limits: LIMITS, connections: { open: new Set(), most: 9 } },
  );
  return async () => {
    await folder.remove();
    await other.remove();
  };
});

afterAll(() => gate.close(AbortSignal.abort()));

interface Visit {
  readonly said: string;
  readonly isReused: boolean;
  /** To resume it. */
  readonly session: Buffer | undefined;
}

function visit(options: ConnectionOptions): Promise<Visit> {
  return new Promise((resolve, reject) => {
    let [text, session, isReused]: [string, Buffer | undefined, boolean] = ["", undefined, false];
    const socket = connect({ port: gate.port, host: "127.0.0.1", rejectUnauthorized: false, ...options });
    socket.on("session", (each: Buffer) => (session = each));
    socket.on("secureConnect", () => {
      isReused = socket.isSessionReused();
      socket.write(`GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
    });
    socket.on("data", (chunk: Buffer) => (text += chunk.toString()));
    socket.on("error", reject);
    socket.on("close", () => resolve({ said: /unknown|known/.exec(text)?.[0] ?? text, isReused, session }));
  });
}

const pairOf = async ({ certificateFile, keyFile }: Certificate): Promise<ConnectionOptions> => ({
  cert: await readFile(certificateFile),
  key: await readFile(keyFile),
});

test.each(["TLSv1.2", "TLSv1.3"] as const)(
  "%s: who resumes a session is whoever began it, with a certificate, without one, or with another's",
  async (maxVersion) => {
    for (const [options, said] of [
      [await pairOf(known), "known"],
      [{}, "unknown"],
      [await pairOf(unknown), "unknown"],
    ] as const) {
      const first = await visit({ ...options, maxVersion });
      expect(first).toMatchObject({ said, isReused: false });
      expect(await visit({ maxVersion, session: first.session })).toMatchObject({ said, isReused: true });
    }
  },
);
