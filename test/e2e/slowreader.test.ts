import { spawn, type ChildProcessByStdio } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { expect, test } from "vitest";
import { startRawServer } from "../http/rawserver.ts";
import { PROGRAM } from "../lab/cli.ts";
import { makeFolder } from "../lab/processes.ts";
import { useLab } from "../lab/uselab.ts";
import { sleep } from "../ssh/sshlab.ts";

const lab = useLab();
const TYPE = "application/vnd.oci.image.manifest.v1+json";

/** More than a pipe and both ends of it hold. */
const MANIFEST = JSON.stringify({
  schemaVersion: 2,
  mediaType: TYPE,
  config: { mediaType: "application/vnd.oci.empty.v1+json", digest: `sha256:${"0".repeat(64)}`, size: 2 },
  layers: [],
  annotations: { long: "x".repeat(2_000_000) },
});

/** Prints the manifest into a pipe; resolves when the first of it is there. */
async function printing(): Promise<ChildProcessByStdio<null, Readable, null>> {
  const folder = await lab(makeFolder("slow").then((each) => ({ ...each, stop: () => each.remove() })));
  const server = await lab(
    startRawServer((socket) => {
      socket.write(`HTTP/1.1 200 OK\r\nContent-Type: ${TYPE}\r\nContent-Length: ${MANIFEST.length}\r\n\r\n${MANIFEST}`);
    }).then((each) => ({ ...each, stop: () => each.close() })),
  );
  const { host } = new URL(server.url);
  const workers =
    "workers: [{ name: a, via: local }, { name: b, via: ssh, host: b.test }, { name: c, via: ssh, host: c.test }]";
  const config = `${workers}\nregistries: { "${host}": { plainHttp: true } }\n`;
  await writeFile(join(folder.path, "tofu3.yaml"), config);
  const args = [PROGRAM, "inspect", `${host}/a/b:1`, "--raw"];
  const child = spawn(process.execPath, args, { cwd: folder.path, stdio: ["ignore", "pipe", "inherit"] });
  await once(child.stdout, "readable");
  return child;
}

test("whoever reads the output late gets all of it", async () => {
  const child = await printing();
  const ended = once(child, "close");
  // so long it is held up by whoever reads
  await sleep(3000);
  let text = "";
  child.stdout.on("data", (chunk: Buffer) => (text += chunk.toString()));
  expect(await ended).toEqual([0, null]);
  expect(text).toBe(MANIFEST);
});

test("one signal ends it when nobody reads", async () => {
  const child = await printing();
  const exited = once(child, "exit");
  await sleep(1500);
  child.kill("SIGTERM");
  expect(await exited).toEqual([130, null]);
  child.stdout.destroy();
});
