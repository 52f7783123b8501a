import { expect, test } from "vitest";
import { makePair } from "../http/certificates.ts";
import { never, queryFor, startRawServer } from "../http/rawserver.ts";
import { sshLinkTo, startVm, targetOf } from "./sshlab.ts";
const REPLY = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";
test.each([1, 5, 16, 17, 30])("time %s", async (n) => {
  const pair = makePair({ subject: "/CN=registry.test", key: "ec:prime256v1", names: "IP:127.0.0.1" });
  for (const tls of [true, false]) {
    const server = await startRawServer((socket) => socket.write(REPLY), tls ? { cert: pair.cert, key: pair.key } : null);
    const vm = await startVm();
    const link = sshLinkTo(targetOf(vm));
    const transport = link.begin("registry.example");
    await transport.open(never);
    for (const round of [1, 2]) {
      const t = Date.now();
      await Promise.all(
        Array.from({ length: n }, (_, at) =>
          transport.read(queryFor(`${server.url}${at}`, tls ? { trust: { ca: pair.cert, clientCertificate: null } } : {}), never),
        ),
      );
      console.log(n, tls, round, Date.now() - t);
    }
    await transport.end();
    await link.close();
    await vm.stop();
    await server.close();
  }
  expect(1).toBe(1);
});
