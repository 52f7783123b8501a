import { chmod, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { makePair, opensslSays, type Certificate } from "../http/certificates.ts";
import { contentQueryFor, never, queryFor, startRawServer, type RawServer } from "../http/rawserver.ts";
import { makeFolder } from "../lab/processes.ts";
import { useLab } from "../lab/uselab.ts";
import { sshLinkTo, sshTransportTo, startVm, targetOf, type Vm } from "./sshlab.ts";

/** What a VM's curl tells of certificates, from real TLS servers. */

const lab = useLab();
const REPLY = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";
const NAMES = "IP:127.0.0.1";
let vm: Vm;
beforeAll(async () => void (vm = await lab(startVm())));

interface TlsServer extends RawServer {
  readonly pem: string;
}

async function serve(pair: Certificate, say = REPLY): Promise<TlsServer> {
  const server = await startRawServer((socket) => socket.write(say), { cert: pair.cert, key: pair.key });
  await lab(Promise.resolve({ stop: () => server.close() }));
  return { ...server, pem: pair.cert };
}

const ORDINARY = makePair({ subject: "/CN=registry.test", key: "ec:prime256v1", names: NAMES });
const trusting = ({ pem }: TlsServer) => ({ trust: { ca: pem, clientCertificate: null } });
const noted = (pem: string) => ({ version: null, ...opensslSays(pem) });

/** A curl in front of the VM's own that counts the bytes of its output in `count`. */
async function countingCurl(version = "7.88.1"): Promise<{ env: { PATH: string }; count: string }> {
  const folder = await lab(makeFolder("bin").then((each) => ({ ...each, stop: () => each.remove() })));
  const count = join(folder.path, "count");
  const lines = [
    "#!/bin/sh",
    `test "$2" != -V || { echo "curl ${version} (fake)"; exit 0; }`,
    `/usr/bin/curl "$@" | tee -a ${count}`,
  ];
  await writeFile(join(folder.path, "curl"), `${lines.join("\n")}\n`);
  await chmod(join(folder.path, "curl"), 0o755);
  return { env: { PATH: `${folder.path}:/usr/bin:/bin` }, count };
}

describe("the certificate of a server", () => {
  test("is what openssl reads in it: of documents, of small blobs, and of a stream", async () => {
    const server = await serve(ORDINARY);
    for (const ask of ["read", "batch", "stream"] as const) {
      const transport = sshTransportTo(targetOf(vm));
      const answer =
        ask === "read"
          ? await transport.read(queryFor(server.url, trusting(server)), never)
          : await transport.measure(
              contentQueryFor(server.url, { ...trusting(server), expectedBytes: ask === "batch" ? 2 : null }),
              never,
            );
      await transport.close();
      expect([answer.status, answer.certificate], ask).toEqual([200, noted(server.pem)]);
      expect(answer.httpVersion).toBe("1.1");
    }
  });

  test("is asked for once by a job, however many transfers there are, and again by the next job", async () => {
    const [server, { env, count }] = await Promise.all([serve(ORDINARY), countingCurl()]);
    const link = sshLinkTo(targetOf(await lab(startVm({ env }))));
    const expected = noted(server.pem);
    for (let job = 1; job <= 2; job++) {
      const transport = link.begin("registry.example");
      for (let batch = 0; batch < 2; batch++) {
        const pages = await Promise.all(
          Array.from({ length: 30 }, (_, at) =>
            transport.read(queryFor(`${server.url}${at}`, trusting(server)), never),
          ),
        );
        for (const page of pages) expect(page.certificate).toEqual(expected);
      }
      await transport.end();
      expect((await readFile(count, "utf8")).split("BEGIN CERTIFICATE").length - 1).toBe(job);
    }
    await link.close();
  });

  test("two jobs whose requests share one curl are both told", async () => {
    const server = await serve(ORDINARY);
    const link = sshLinkTo(targetOf(vm));
    const jobs = [link.begin("registry.example"), link.begin("registry.example")];
    const pages = await Promise.all(jobs.map((job) => job.read(queryFor(server.url, trusting(server)), never)));
    await Promise.all(jobs.map((job) => job.end()));
    await link.close();
    for (const page of pages) expect(page.certificate).toEqual(noted(server.pem));
  });

  test("is unknown of an old curl, which is not asked for it", async () => {
    const [server, { env, count }] = await Promise.all([serve(ORDINARY), countingCurl("7.87.0")]);
    const transport = sshTransportTo(targetOf(await lab(startVm({ env }))));
    const page = await transport.read(queryFor(server.url, trusting(server)), never);
    await transport.close();
    expect([page.status, page.certificate]).toEqual([200, null]);
    expect(await readFile(count, "utf8")).toMatch(/ w 1 0 200 000 2 \[127\.0\.0\.1\] \n$/);
  });

  test("is unknown without TLS, and nothing is printed of it", async () => {
    const server = await startRawServer((socket) => socket.write(REPLY));
    await lab(Promise.resolve({ stop: () => server.close() }));
    const transport = sshTransportTo(targetOf(vm));
    expect((await transport.read(queryFor(server.url), never)).certificate).toBeNull();
    await transport.close();
  });
});

describe("a certificate that somebody made for tofu3", () => {
  const many = Array.from({ length: 2500 }, (_, at) => `DNS:${"x".repeat(20)}${at}.example`).join(",");
  test.each([
    ["with names for 60 KB, on one line", { subject: "/CN=x", key: "ec:prime256v1", names: `${NAMES},${many}` }],
    [
      "with line breaks in its names",
      { subject: "/O=x\n-----BEGIN CERTIFICATE-----\n/CN=y", key: "rsa:2048", names: NAMES },
    ],
    ["with a key of 3072 bits", { subject: "/CN=x", key: "rsa:3072", names: NAMES }],
  ])("%s is told like any other", async (_, wish) => {
    const server = await serve(makePair(wish));
    const transport = sshTransportTo(targetOf(vm));
    const page = await transport.read(queryFor(server.url, trusting(server)), never);
    const content = await transport.measure(contentQueryFor(server.url, trusting(server)), never);
    await transport.close();
    expect(page.status).toBe(200);
    expect(content.size).toBe(2);
    expect(page.certificate).toEqual(noted(server.pem));
  });
});
