import { expect, test } from "vitest";
import { startTcpProxy } from "../lab/tcpproxy.ts";
import { useLab } from "../lab/uselab.ts";
import { BODY, sends, withLength } from "../http/bodies.ts";
import { contentQueryFor, faultOf, never, startRawServer, until } from "../http/rawserver.ts";
import { sshTransportTo, startVm, targetOf } from "./sshlab.ts";

const lab = useLab();

test(
  "a link that goes dark in the middle of a job is noticed in under a minute, and close does not wait for it",
  { timeout: 90_000 },
  async () => {
    const vm = await lab(startVm());
    // a body that lacks its end
    const server = await startRawServer(sends(withLength(), BODY.subarray(1)));
    const proxy = await lab(startTcpProxy(vm));
    const transport = sshTransportTo(targetOf(vm, { port: proxy.port, hostKey: vm.hostKeyFingerprint }), {
      limits: { idleSeconds: 120 },
    });
    const works = [null, 10].map((expectedBytes) =>
      faultOf(transport.measure(contentQueryFor(server.url, { expectedBytes }), never)),
    );
    await until(() => server.requests.length === 2);
    proxy.blackhole();
    const started = performance.now();
    for (const fault of await Promise.all(works)) expect(fault).toMatchObject({ code: "E_SSH", stage: "ssh" });
    expect(performance.now() - started).toBeLessThan(60_000);
    await expect(transport.close()).rejects.toMatchObject({ code: "E_SSH" });
    proxy.cut("rst");
    await until(() => vm.processesOf().length === 0 && vm.leftovers().length === 0);
    await server.close();
  },
);
