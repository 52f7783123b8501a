import { beforeAll, describe, expect, test } from "vitest";
import { defaultServe, type ServeConfig } from "../../../src/config/serve.ts";
import { makeImage } from "../../lab/image.ts";
import { until } from "../../lab/processes.ts";
import { pushExactly } from "../../lab/push.ts";
import { startRegistry, type Registry } from "../../lab/registry.ts";
import { startSshd } from "../../lab/sshd.ts";
import { useLab } from "../../lab/uselab.ts";
import { openWay, type Way } from "../gate/ground.ts";
import { ask, open, openDoor, say, type Door } from "./door.ts";

const lab = useLab();
let registry: Registry;
let way: Way;
let door: Door;
const image = makeImage({ layers: [30_000_000] });
const layer = image.layers[0];
if (layer === undefined) throw new Error("no layer");

async function newDoor(limits: Partial<ServeConfig["limits"]> = {}): Promise<Door> {
  const usual = defaultServe();
  const upstreams = new Map([[registry.host, { isPrivate: true }]]);
  return lab(
    openDoor(way, { config: { ...usual, upstreams, limits: { ...usual.limits, headerSeconds: 2, ...limits } } }),
  );
}

beforeAll(async () => {
  registry = await lab(startRegistry());
  await pushExactly(registry, "app", "1", image);
  way = await lab(openWay({ vms: [await lab(startSshd()), await lab(startSshd())], registry }));
  door = await newDoor();
  expect((await ask(door.port, manifest())).status).toBe(200);
});

const manifest = (): string => `/v2/${registry.host}/app/manifests/1`;
const blob = (): string => `/v2/${registry.host}/app/blobs/${layer.digest}`;
const statusesIn = (text: string): string[] =>
  [...text.matchAll(/HTTP\/1\.1 ([0-9]{3})/g)].map(([, status = ""]) => status);

describe("what clients should not send", () => {
  const HOST = "Host: 127.0.0.1:PORT\r\n";
  const CLOSE = "Connection: close\r\n";
  test.each<[string, string, readonly string[]]>([
    ["half a line", "GET /v2/", ["408"]],
    ["half of the headers", `GET /v2/ HTTP/1.1\r\n${HOST}X: `, ["408"]],
    ["nothing at all", "", ["408"]],
    ["noise", "\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\r\n\r\n", ["400"]],
    ["HTTP/0.9", "GET /v2/\r\n\r\n", ["400"]],
    ["HTTP/1.0", "GET /v2/ HTTP/1.0\r\n\r\n", ["200"]],
    ["HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", ["400"]],
    ["no Host", `GET /v2/ HTTP/1.1\r\n${CLOSE}\r\n`, ["400"]],
    ["two Hosts", `GET /v2/ HTTP/1.1\r\n${HOST}Host: evil.example\r\n${CLOSE}\r\n`, ["400"]],
    ["another Host", `GET /v2/ HTTP/1.1\r\nHost: evil.example\r\n${CLOSE}\r\n`, ["403"]],
    ["a proxy's request", `GET http://evil.example/v2/ HTTP/1.1\r\n${HOST}${CLOSE}\r\n`, ["400"]],
    ["CONNECT", `CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example:443\r\n\r\n`, []],
    ["TRACE", `TRACE /v2/ HTTP/1.1\r\n${HOST}${CLOSE}\r\n`, ["405"]],
    ["an upgrade", `GET /v2/ HTTP/1.1\r\n${HOST}Connection: upgrade, close\r\nUpgrade: websocket\r\n\r\n`, ["200"]],
    ["a long header", `GET /v2/ HTTP/1.1\r\n${HOST}X: ${"x".repeat(100_000)}\r\n\r\n`, ["431"]],
    ["many headers", `GET /v2/ HTTP/1.1\r\n${HOST}${"X: y\r\n".repeat(50_000)}\r\n`, ["431"]],
    ["a long path", `GET /v2/${"a/".repeat(4000)} HTTP/1.1\r\n${HOST}${CLOSE}\r\n`, ["400"]],
    ["a folded header", `GET /v2/ HTTP/1.1\r\n${HOST}X: y\r\n z\r\n${CLOSE}\r\n`, ["400"]],
    ["a space before a colon", `GET /v2/ HTTP/1.1\r\n${HOST}Content-Length : 3\r\n\r\nabc`, ["400"]],
    ["a body", `GET /v2/ HTTP/1.1\r\n${HOST}Content-Length: 3\r\n\r\nabc`, ["400"]],
    ["a broken chunk", `POST /v2/ HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\nzz\r\n`, ["400"]],
    [
      "two lengths",
      `POST /v2/ HTTP/1.1\r\n${HOST}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /v2/ HTTP/1.1\r\n\r\n`,
      ["400"],
    ],
    [
      "a request inside of a body",
      `POST /v2/ HTTP/1.1\r\n${HOST}Content-Length: 40\r\n\r\nGET /v2/_catalog HTTP/1.1\r\nHost: x\r\n\r\n......`,
      ["405"],
    ],
    [
      "a body that is announced",
      `PUT /v2/a/manifests/1 HTTP/1.1\r\n${HOST}Expect: 100-continue\r\nContent-Length: 9999999\r\n\r\n`,
      ["400"],
    ],
  ])("%s", async (_, bytes, statuses) => {
    const received = await say(door.port, bytes.replaceAll("PORT", String(door.port)));
    expect(statusesIn(received)).toEqual(statuses);
    expect(received).not.toMatch(/node:|\.ts:|\bat /);
    expect((await ask(door.port, "/v2/")).status).toBe(200);
  });
});

test("a header a second: cut off after headerSeconds", async () => {
  const raw = await open(door.port);
  raw.socket.write("GET /v2/ HTTP/1.1\r\n");
  const drip = setInterval(() => raw.socket.write("X: y\r\n"), 100);
  await raw.over;
  clearInterval(drip);
  expect(statusesIn(raw.received())).toEqual(["408"]);
});

test("requests that come together are answered in order; too many of them are cut off", async () => {
  const one = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${door.port}\r\n\r\n`;
  const raw = await open(door.port);
  raw.socket.write([manifest(), "/v2/", "/v2/x", manifest()].map(one).join(""));
  await until("four answers", () => (statusesIn(raw.received()).length === 4 ? true : undefined));
  expect(statusesIn(raw.received())).toEqual(["200", "200", "404", "200"]);
  raw.socket.destroy();
  const many = await open(door.port);
  many.socket.write(one(blob()).repeat(100));
  many.socket.pause();
  await until("it is cut off", () => (door.connections.open.size === 0 ? true : undefined));
  many.socket.destroy();
});

test("who takes nothing for idleSeconds loses the connection, who only waits does not", async () => {
  const impatient = await newDoor({ idleSeconds: 1 });
  const raw = await open(impatient.port);
  raw.socket.pause();
  raw.socket.write(`GET ${blob()} HTTP/1.1\r\nHost: 127.0.0.1:${impatient.port}\r\n\r\n`);
  await until("it reads", () => (impatient.connections.open.size === 1 ? true : undefined));
  await until("it is cut off", () => (impatient.connections.open.size === 0 ? true : undefined));
  raw.socket.destroy();
});

test("more connections than there may be are told so", async () => {
  const small = await newDoor({ connections: 2 });
  const held = [await open(small.port), await open(small.port)];
  await until("both are there", () => (small.connections.open.size === 2 ? true : undefined));
  expect(statusesIn(await say(small.port, ""))).toEqual(["429"]);
  for (const { socket } of held) socket.destroy();
  await until("both are gone", () => (small.connections.open.size === 0 ? true : undefined));
  expect((await ask(small.port, "/v2/")).status).toBe(200);
});
