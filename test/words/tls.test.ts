import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { readFileSync } from "node:fs";
import { beforeAll, expect, test } from "vitest";
import { makeAuthority } from "../lab/authority.ts";
import { makeFolder } from "../lab/processes.ts";
import { startRegistry, type Registry } from "../lab/registry.ts";
import { useLab } from "../lab/uselab.ts";
import { startStage, type Stage, type Verified } from "../e2e/stage.ts";

const lab = useLab();
let stage: Stage;
let plain: Registry;
let tls: Registry;

/** A real TLS server that hangs up on plain HTTP, as most do that are not written in Go. */
async function startClosing(): Promise<{ port: number; connections: () => number; stop: () => Promise<void> }> {
  const folder = await makeFolder("closing");
  const { certificateFile, keyFile } = await (await makeAuthority(folder.path)).issue("closing", ["localhost"]);
  let count = 0;
  const server = createServer({ cert: readFileSync(certificateFile), key: readFileSync(keyFile) }, (_request, answer) =>
    answer.end(),
  );
  server.on("connection", () => (count += 1));
  await new Promise<void>((resolve) => server.listen(0, resolve));
  return {
    port: (server.address() as AddressInfo).port,
    connections: () => count,
    stop: async () => {
      await new Promise((resolve) => server.close(resolve));
      await folder.remove();
    },
  };
}

beforeAll(async () => {
  // everywhere, so that 0.0.0.0 leads to it: on Linux that is this machine by a name that is not loopback to tofu3
  [stage, plain, tls] = await Promise.all([
    lab(startStage()),
    lab(startRegistry({ address: "0.0.0.0" })),
    lab(startRegistry({ address: "0.0.0.0", tls: true })),
  ]);
});

const portOf = ({ host }: Registry): string => host.slice(host.lastIndexOf(":") + 1);

async function look(where: string, settings: Record<string, unknown> | null): Promise<Verified> {
  const others = settings === null ? {} : { registries: { [where]: settings } };
  return stage.verify(`${where}/lab/a:1`, { plain: true, config: { others } });
}

/** One line for all three workers: each engine says the same. */
function told(seen: Verified): string {
  expect(seen.code, seen.stderr).toBe(12);
  const lines = seen.stdout.split("\n").filter((line) => line.includes("; hint: "));
  return lines.length === 1 ? (lines[0] ?? "") : lines.join("\n");
}

test("a registry without TLS: says so, and the line to add only if it is one's own", async () => {
  const where = `0.0.0.0:${portOf(plain)}`;
  const line = told(await look(where, null));
  expect(line).toBe(
    `fra, here and sgp: "${where}" does not speak TLS: it answers as a server of plain HTTP does; hint: only if the registry is yours, add to the configuration: registries: { "${where}": { plainHttp: true } }; if not, something on the way answers in its place`,
  );
  expect(line).not.toMatch(/captive|caFile/);
});

test("plainHttp for a registry with TLS that says so: remove plainHttp", async () => {
  const where = `0.0.0.0:${portOf(tls)}`;
  const line = told(await look(where, { plainHttp: true }));
  expect(line).toContain(
    `"${where}" speaks TLS, and the configuration asks for plain HTTP; hint: remove plainHttp from `,
  );
});

test("plainHttp for a registry with TLS that hangs up: the same, without retries", async () => {
  const server = await lab(startClosing());
  const where = `0.0.0.0:${server.port}`;
  const seen = await look(where, { plainHttp: true });
  expect(told(seen)).toMatch(/^fra, here and sgp: "[^"]+" speaks TLS, .*hint: remove plainHttp from /);
  expect(seen.stderr).not.toContain("trying again");
  // for each worker one request, and one handshake that finds out
  expect(server.connections()).toBe(6);
});

test("a certificate of another name: which names it has, and nothing of caFile", async () => {
  const where = `127.0.0.2:${portOf(tls)}`;
  const line = told(await look(where, { caFile: tls.caFile }));
  expect(line).toMatch(
    /^fra, here and sgp: the certificate of "127\.0\.0\.2:\d+" is for another name: localhost, 127\.0\.0\.1, .*; hint: another server/,
  );
  expect(line).not.toContain("caFile");
});

test("an unknown authority: the line to add only if it is one's own; of another caFile: to compare it", async () => {
  const where = `0.0.0.0:${portOf(tls)}`;
  const unknown = told(await look(where, null));
  expect(unknown).toContain(`registries: { "${where}": { caFile: ./ca.pem } }; if not, somebody may be intercepting`);
  expect(unknown).toContain("here: ");
  expect(unknown).toContain("(CN=tofu3 lab)");
  const folder = await makeFolder("foreign");
  const { caFile } = await makeAuthority(folder.path);
  const foreign = told(await look(where, { caFile }));
  expect(foreign).toContain("is signed by an authority that is not in its caFile");
  expect(foreign).not.toContain("add its authority");
  await folder.remove();
});
