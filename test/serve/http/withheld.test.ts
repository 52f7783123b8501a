import { expect, test } from "vitest";
import { defaultServe } from "../../../src/config/serve.ts";
import type { Granted, Refused, Ruling } from "../../../src/model/gate.ts";
import type { Gate } from "../../../src/serve/gate/gate.ts";
import { useLab } from "../../lab/uselab.ts";
import { ALPINE, place, put, thing, VIM } from "../store/tools.ts";
import { open, openDoor, type Raw } from "./door.ts";

const lab = useLab();
const LAYER = thing("a layer that is there");
const { digest, size } = LAYER.object;
const REFUSED: Refused = { kind: "refused", why: "disagreed", sentence: "sgp saw x", verdict: null, retryAfter: null };

/** A client that waits for a blob of `library/alpine`, once it has the headers. */
async function waiting(verdict: Promise<Granted | Refused>, has: typeof ALPINE): Promise<Raw & { head: string }> {
  const store = await place().open();
  await put(store, has, LAYER);
  const ruling: Ruling = { kind: "withheld", digest, size, verdict };
  const gate = { rule: () => Promise.resolve(ruling) } as unknown as Gate;
  const door = await lab(openDoor({ gate, store }, { config: defaultServe() }));
  const raw = await open(door.port);
  raw.socket.write(
    `GET /v2/docker.io/library/alpine/blobs/${digest} HTTP/1.1\r\nHost: 127.0.0.1:${door.port}\r\nConnection: close\r\n\r\n`,
  );
  await new Promise((resolve) => raw.socket.once("data", resolve));
  return { ...raw, head: raw.received() };
}

test.each([
  ["is there already", ALPINE],
  ["is there for another repository", VIM],
])("no byte of a blob that is refused after all, though it %s", async (_, has) => {
  let tell: (verdict: Refused) => void = () => undefined;
  const client = await waiting(new Promise((resolve) => (tell = resolve)), has);
  expect(client.head).toMatch(/\r\n\r\n$/);
  tell(REFUSED);
  expect(await client.over).toBe("ECONNRESET");
  expect(client.received()).toBe(client.head);
});

test("none of one that this repository may not give out, whatever the verdict", async () => {
  let tell: (verdict: Granted) => void = () => undefined;
  const client = await waiting(new Promise((resolve) => (tell = resolve)), VIM);
  tell({ kind: "granted", object: LAYER.object, notices: [] });
  expect(await client.over).toBe("ECONNRESET");
  expect(client.received()).toBe(client.head);
});

test("all of one that is granted", async () => {
  const granted: Granted = { kind: "granted", object: LAYER.object, notices: [] };
  let tell: (verdict: Granted) => void = () => undefined;
  const client = await waiting(new Promise((resolve) => (tell = resolve)), ALPINE);
  tell(granted);
  expect(await client.over).toBe("end");
  expect(client.received()).toBe(`${client.head}${LAYER.bytes.toString()}`);
});
