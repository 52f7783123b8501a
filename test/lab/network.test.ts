import { connect } from "node:net";
import { describe, expect, test } from "vitest";
import { makeAuthority } from "./authority.ts";
import { makeImage, OCI_MANIFEST } from "./image.ts";
import { stock } from "./liar-shelf.ts";
import { startLiar } from "./liar.ts";
import { namespacesWork, startPlaces } from "./namespaces.ts";
import { makeFolder, runTool, until } from "./processes.ts";
import { startRegistry } from "./registry.ts";
import { startSocksProxy } from "./socks.ts";
import { startSshd } from "./sshd.ts";
import { startTcpProxy, type LinkFault } from "./tcpproxy.ts";
import { startTinyproxy } from "./tinyproxy.ts";
import { useLab } from "./uselab.ts";

const lab = useLab();

/** What curl says: its exit status and the body. */
async function curl(...args: string[]): Promise<{ rc: number; body: string }> {
  const text = await runTool("sh", ["-c", 'curl -q -s "$@"; echo " rc=$?"', "curl", ...args]);
  const [, body = "", rc] = /^(.*) rc=([0-9]+)\n$/s.exec(text) ?? [];
  return { rc: Number(rc), body };
}

function differences(one: string, other: string): number {
  return Buffer.from(one, "latin1").filter((byte, i) => byte !== other.charCodeAt(i)).length;
}

describe("liar", () => {
  const image = makeImage({ layers: [200_000] });
  const other = makeImage({ layers: [200_000] });
  const [layer] = image.layers;

  test("tells two vantages apart by their proxies and this machine by its absence, also through a tunnel", async () => {
    const liar = await lab(startLiar({ vantages: ["fra", "sgp"] }));
    stock(liar, "app", "v1", { root: image.manifest, images: [image] });
    stock(liar, "app", "v1", { root: other.manifest, images: [other] }, "sgp");
    const url = `${liar.url}/v2/app/manifests/v1`;
    expect((await curl(url)).body).toBe(image.manifest.bytes.toString());
    expect((await curl("-x", liar.proxyOf("fra"), url)).body).toBe(image.manifest.bytes.toString());
    expect((await curl("-x", liar.proxyOf("sgp"), url)).body).toBe(other.manifest.bytes.toString());
    expect((await curl("-p", "-x", liar.proxyOf("sgp"), url)).body).toBe(other.manifest.bytes.toString());
    expect(liar.requests.map((each) => each.vantage)).toEqual(["here", "fra", "sgp", "sgp"]);
    expect(liar.requests.every((each) => each.target === "/v2/app/manifests/v1" && each.host === liar.host)).toBe(true);
    expect((await curl("-o", "/dev/null", "-w", "%{content_type} %{http_code}", url)).body).toBe(`${OCI_MANIFEST} 200`);
  });

  test("speaks https, inside of a tunnel as well", async () => {
    const folder = await makeFolder("liar");
    const authority = await makeAuthority(folder.path);
    const liar = await lab(startLiar({ vantages: ["fra"], certificate: await authority.issue("liar", ["127.0.0.1"]) }));
    liar.answer("/x", { body: "for all" });
    liar.lie("fra", "/x", { body: "for fra" });
    expect((await curl("--cacert", authority.caFile, `${liar.url}/x`)).body).toBe("for all");
    expect((await curl("--cacert", authority.caFile, "-x", liar.proxyOf("fra"), `${liar.url}/x`)).body).toBe("for fra");
    await folder.remove();
  });

  test("counts turns, resumes honestly and forgets nothing", async () => {
    const liar = await lab(startLiar());
    stock(liar, "app", null, { root: image.manifest, images: [image] });
    const place = `/v2/app/blobs/${layer?.digest}`;
    liar.answer("/turns", { status: 503 }, { body: "second" });
    expect((await curl("-w", "%{http_code}", `${liar.url}/turns`, `${liar.url}/turns`, `${liar.url}/turns`)).body).toBe(
      "503second200second200",
    );
    expect(
      (await curl("-r", "199990-", "-w", "%{http_code} %{size_download}", "-o", "/dev/null", liar.url + place)).body,
    ).toBe(`206 ${(layer?.size ?? 0) - 199_990}`);
    expect(liar.requests.at(-1)?.headers["range"]).toBe("bytes=199990-");
    expect(liar.requests.at(-1)?.end).toBe("complete");
  });

  test.each([
    { what: "cut by FIN", answer: { body: "0123456789", cutAt: 4, then: "fin" as const }, rc: 18, body: "0123" },
    { what: "cut by RST", answer: { body: "0123456789", cutAt: 4, then: "rst" as const }, rc: 56, body: "0123" },
    { what: "stalled", answer: { body: "0123456789", cutAt: 4, then: "stall" as const }, rc: 28, body: "0123" },
    { what: "silent", answer: { cutAt: -1, then: "stall" as const }, rc: 28, body: "" },
    { what: "chunked", answer: { body: "0123456789", length: "chunked" as const }, rc: 0, body: "0123456789" },
    {
      what: "chunked and cut",
      answer: { body: "0123456789", length: "chunked" as const, cutAt: 4, then: "fin" as const },
      rc: 18,
      body: "0123",
    },
    {
      what: "of a wrong length",
      answer: { body: "0123456789", length: 12, then: "fin" as const },
      rc: 18,
      body: "0123456789",
    },
    { what: "without a length", answer: { body: "0123456789", length: "none" as const }, rc: 0, body: "0123456789" },
    { what: "raw", answer: { raw: "HTTP/1.0 200 OK\r\n\r\nraw" }, rc: 0, body: "raw" },
    { what: "dripping", answer: { body: "0123456789", drip: { bytes: 2, everyMs: 400 } }, rc: 28, body: "01234567" },
    { what: "late", answer: { body: "x", delayMs: 10_000 }, rc: 28, body: "" },
  ])("an answer that is $what", async ({ answer, rc, body }) => {
    const liar = await lab(startLiar());
    liar.answer("/x", answer);
    const seen = await curl("-m", "1", `${liar.url}/x`);
    expect({ ...seen, body: seen.rc === 28 ? seen.body.slice(0, 4) : seen.body }).toEqual({
      rc,
      body: rc === 28 ? body.slice(0, 4) : body,
    });
  });

  test("an endless answer ends with its client, and the log says so", async () => {
    const liar = await lab(startLiar());
    liar.answer("/x", { body: "0123456789".repeat(1000), endless: true, length: "chunked" });
    expect((await curl("-o", "/dev/null", "--max-filesize", "1000000", "-m", "1", `${liar.url}/x`)).rc).not.toBe(0);
    await until("the client is gone", () => liar.requests[0]?.end === "left" || undefined);
    expect(liar.requests[0]?.sent).toBeGreaterThan(1_000_000);
    expect(liar.openConnections()).toBe(0);
  });
});

describe("proxies", () => {
  test.each([{ credentials: null }, { credentials: { username: "ann", password: "pw" } }])(
    "SOCKS5 resolves names itself, login: $credentials",
    async ({ credentials }) => {
      const registry = await lab(startRegistry());
      const socks = await lab(
        startSocksProxy({ hosts: { "registry.onion": "127.0.0.1" }, credentials }).then((each) => ({
          ...each,
          stop: () => each.close(),
        })),
      );
      const [, port = ""] = registry.host.split(":");
      const url = `http://registry.onion:${port}/v2/`;
      expect(await curl("-x", `socks5h://ann:pw@127.0.0.1:${socks.port}`, url)).toEqual({ rc: 0, body: "{}" });
      expect(socks.asked).toEqual([`name registry.onion:${port}`]);
      if (credentials !== null)
        expect((await curl("-x", `socks5h://ann:wrong@127.0.0.1:${socks.port}`, url)).rc).toBe(97);
    },
  );

  test("tinyproxy makes tunnels, for those who know the password", async () => {
    const registry = await lab(startRegistry({ tls: true }));
    const proxy = await lab(startTinyproxy({ auth: { user: "ann", password: "pw" } }));
    const ca = registry.caFile ?? "";
    expect(await curl("--cacert", ca, "-x", proxy.url, `${registry.url}/v2/`)).toEqual({ rc: 0, body: "{}" });
    expect(proxy.requests()).toContain(`CONNECT ${registry.host}`);
    expect((await curl("--cacert", ca, "-x", `http://127.0.0.1:${proxy.port}`, `${registry.url}/v2/`)).rc).toBe(56);
  });

  const cases: { what: string; fault: LinkFault; rc: number }[] = [
    { what: "a FIN", fault: { at: 500, then: "fin" }, rc: 18 },
    { what: "an RST", fault: { at: 500, then: "rst" }, rc: 56 },
    { what: "silence", fault: { at: 500, then: "stall" }, rc: 28 },
    { what: "silence on the way there", fault: { way: "toServer", at: 3, then: "stall" }, rc: 28 },
    { what: "a delay", fault: { at: 500, then: { delayMs: 300 } }, rc: 0 },
    { what: "a changed byte", fault: { at: 5000, then: "corrupt" }, rc: 0 },
  ];
  test.each(cases)("the TCP proxy does $what at a byte", async ({ fault, rc }) => {
    const liar = await lab(startLiar());
    const body = "0123456789".repeat(1000);
    liar.answer("/x", { body });
    const proxy = await lab(startTcpProxy({ host: "127.0.0.1", port: Number(liar.host.split(":")[1]) }));
    const url = `http://127.0.0.1:${proxy.port}/x`;
    expect(await curl(url)).toEqual({ rc: 0, body });
    proxy.setFault(fault);
    const seen = await curl("-m", "1", url);
    expect(seen.rc).toBe(rc);
    expect(seen.body === body).toBe(typeof fault.then === "object");
    if (fault.then === "corrupt") expect(differences(seen.body, body)).toBe(1);
    expect(proxy.connections()).toBe(2);
  });

  test("the TCP proxy goes dark", async () => {
    const liar = await lab(startLiar());
    liar.answer("/x", { body: "x", drip: { bytes: 1, everyMs: 500 } });
    const proxy = await lab(startTcpProxy({ host: "127.0.0.1", port: Number(liar.host.split(":")[1]) }));
    proxy.blackhole();
    expect((await curl("-m", "1", `http://127.0.0.1:${proxy.port}/x`)).rc).toBe(28);
    expect(liar.requests).toHaveLength(0);
  });
});

describe.skipIf(!namespacesWork())("network namespaces", () => {
  test("have addresses of their own that a liar tells apart, and cables that can be pulled", async () => {
    const { places, here, isolated } = await lab(startPlaces(2));
    const [one, two] = places;
    if (one === undefined || two === undefined) throw new Error("two places were asked for");
    expect(isolated).toBe(true);
    const liar = await lab(startLiar({ address: here, sources: { [one.address]: "one", [two.address]: "two" } }));
    liar.answer("/x", (request) => ({ body: request.vantage }));
    const from = (place: typeof one): Promise<string> =>
      runTool("env", [...place.prefix, "curl", "-q", "-s", "-m", "5", `${liar.url}/x`]);
    expect(await from(one)).toBe("one");
    expect(await from(two)).toBe("two");
    expect((await curl(`${liar.url}/x`)).body).toBe("here");
    await one.pullCable();
    await expect(runTool("env", [...one.prefix, "curl", "-q", "-s", "-m", "1", `${liar.url}/x`])).rejects.toThrow();
    expect(await from(two)).toBe("two");
    await one.plugIn();
    expect(await from(one)).toBe("one");
  });

  test("run sshd and a registry that this process reaches", async () => {
    const { places } = await lab(startPlaces(1));
    const [place] = places;
    if (place === undefined) throw new Error("a place was asked for");
    const vm = await lab(startSshd({ address: place.address, prefix: place.prefix }));
    const registry = await lab(startRegistry({ address: place.address, prefix: place.prefix }));
    expect((await curl(`${registry.url}/v2/`)).body).toBe("{}");
    const banner = await new Promise((resolve, reject) => {
      const socket = connect(vm.port, vm.host, () => undefined);
      socket.once("data", (chunk) => {
        resolve(chunk.toString());
        socket.destroy();
      });
      socket.once("error", reject);
    });
    expect(banner).toMatch(/^SSH-2.0-OpenSSH/);
  });
});
