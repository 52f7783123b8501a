import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { findProgram } from "./install.ts";
import { freePort, launch, makeFolder, runTool, until } from "./processes.ts";

export interface HttpProxy {
  readonly host: string;
  readonly port: number;
  /** `http://[user:password@]127.0.0.1:PORT` */
  readonly url: string;
  /** Requests so far, as `CONNECT host:port` or `GET http://…`. */
  readonly requests: () => string[];
  readonly stop: () => Promise<void>;
}

/** A real HTTP proxy (Debian's tinyproxy): CONNECT tunnels and plain requests, with a password when one is given. */
export async function startTinyproxy(options: { auth?: { user: string; password: string } } = {}): Promise<HttpProxy> {
  const folder = await makeFolder("tinyproxy");
  const config = join(folder.path, "tinyproxy.conf");
  const logFile = join(folder.path, "tinyproxy.log");
  const program = findProgram("tinyproxy") ?? "tinyproxy";
  const { auth } = options;
  for (let attempt = 1; ; attempt++) {
    const port = await freePort();
    const login = auth === undefined ? [] : [`BasicAuth ${auth.user} ${auth.password}`];
    const lines = [
      `Port ${port}`,
      "Listen 127.0.0.1",
      "Timeout 600",
      "MaxClients 100",
      "LogLevel Connect",
      `LogFile "${logFile}"`,
      ...login,
      "",
    ];
    await writeFile(logFile, "");
    await writeFile(config, lines.join("\n"));
    const server = launch([program, "-d", "-c", config], { logFile: join(folder.path, "output.log") });
    let ended = false;
    void server.ended.then(() => (ended = true));
    const answers = await until("tinyproxy", async () => {
      if (ended) return false;
      return runTool("curl", ["-q", "-s", "-o", "/dev/null", `http://127.0.0.1:${port}/`]).then(
        () => true,
        () => undefined,
      );
    });
    if (answers) {
      const login = auth === undefined ? "" : `${encodeURIComponent(auth.user)}:${encodeURIComponent(auth.password)}@`;
      return {
        host: "127.0.0.1",
        port,
        url: `http://${login}127.0.0.1:${port}`,
        requests: () =>
          [...readFileSync(logFile, "utf8").matchAll(/Request \(file descriptor \d+\): (\S+ \S+) HTTP/g)].map(
            ([, request]) => request ?? "",
          ),
        async stop() {
          await server.stop();
          await folder.remove();
        },
      };
    }
    if (attempt === 5) throw new Error(`tinyproxy does not start: ${server.log()}`);
  }
}
