import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, type AddressInfo, type Server } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";

const ROOT = join(import.meta.dirname, "../..");
/**
 * Says when the last of the signals has its first listener, and whether it was the shim that set it: `up`, or `late`.
 */
const WATCH = `
  const { on } = process;
  process.on = function (name, ...rest) {
    const result = on.call(this, name, ...rest);
    if (name !== "SIGHUP") return result;
    process.on = on;
    process.stderr.write(new Error().stack.includes("/bin/tofu3.js") ? "up\\n" : "late\\n");
    return result;
  };
`;
const MARKER = `data:text/javascript,${encodeURIComponent(WATCH)}`;

/** Takes connections and says nothing. */
let silent: Server;

beforeAll(async () => {
  silent = createServer((socket) => socket.on("error", () => undefined)).listen(0, "127.0.0.1");
  await once(silent, "listening");
});

afterAll(() => void silent.close());

test.each([0, 20, 50, 100, 150, 250, 500])(
  "SIGINT %i ms after our first line ends with 130 and a line that says so",
  async (ms) => {
    const { port } = silent.address() as AddressInfo;
    const args = ["--import", MARKER, join(ROOT, "bin/tofu3.js"), "inspect", `127.0.0.1:${port}/a:1`];
    const child = spawn(process.execPath, args, { stdio: ["ignore", "ignore", "pipe"] });
    let said = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => (said += text));
    await once(child.stderr, "data");
    setTimeout(() => child.kill("SIGINT"), ms);
    const [code, signal] = (await once(child, "close")) as [number | null, string | null];
    expect({ code, signal }, said).toEqual({ code: 130, signal: null });
    expect(said).toMatch(/^up\n/);
    expect(said).toMatch(/^tofu3: interrupted by SIGINT; nothing was released$/m);
  },
);
