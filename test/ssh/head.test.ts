import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { answersHead, heads } from "../http/heads.ts";
import { faultOf, never, queryFor, startRawServer } from "../http/rawserver.ts";
import { sshTransportTo, startVm, targetOf, type OnlySshJob, type Vm } from "./sshlab.ts";

let vm: Vm;
let transport: OnlySshJob;
beforeAll(async () => {
  vm = await startVm();
  transport = sshTransportTo(targetOf(vm), { limits: { idleSeconds: 10, connectSeconds: 30 } });
});
afterAll(async () => {
  await transport.close();
  expect([vm.processesOf(), vm.leftovers()]).toEqual([[], []]);
  await vm.stop();
});

describe("HEAD", () => {
  test.concurrent.each(heads)("$what: $status", async ({ say, status, headers = [] }) => {
    const server = await startRawServer(answersHead(say));
    const asked = [0, 1, 2].map((at) =>
      transport.read(queryFor(`${server.url}${at}`, { method: "HEAD", maxBytes: 100 }), never),
    );
    const [document, ...pages] = await Promise.all([transport.read(queryFor(server.url), never), ...asked]);
    for (const page of pages) {
      expect(page).toMatchObject({ status, address: "127.0.0.1", body: Buffer.alloc(0) });
      expect(page.headers).toEqual(expect.arrayContaining([...headers]));
    }
    expect(Buffer.from(document.body).toString()).toBe("document");
    expect(server.requests.map((each) => each.split(" ")[0]).sort()).toEqual(["GET", "HEAD", "HEAD", "HEAD"]);
    await server.close();
  });

  test("headers that are not HTTP, or end early, are a fault as ever", async () => {
    for (const [bytes, code] of [
      ["HTTP/1.1 200 OK\nContent-Length: 7\r\n\r\n", "E_FRAMING"],
      ["HTTP/1.1 200 OK\r\nContent-Le", "E_CUT"],
    ] as const) {
      const server = await startRawServer((socket) => void socket.end(bytes));
      expect(await faultOf(transport.read(queryFor(server.url, { method: "HEAD" }), never))).toMatchObject({ code });
      await server.close();
    }
  });
});
