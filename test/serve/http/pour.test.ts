import { randomBytes } from "node:crypto";
import { Agent, request as httpRequest } from "node:http";
import { expect, test } from "vitest";
import { defaultServe } from "../../../src/config/serve.ts";
import type { Granted } from "../../../src/model/gate.ts";
import type { Gate } from "../../../src/serve/gate/gate.ts";
import { useLab } from "../../lab/uselab.ts";
import { ALPINE, place, put, thing } from "../store/tools.ts";
import { openDoor } from "./door.ts";

const lab = useLab();
/** Of several pieces, as it is read. */
const LARGE = thing(randomBytes(5_000_000));

function bytesIn(port: number, range: string, agent: Agent): Promise<Buffer> {
  const path = `/v2/docker.io/library/alpine/blobs/${LARGE.object.digest}`;
  return new Promise((resolve, reject) => {
    const request = httpRequest({ host: "127.0.0.1", port, path, headers: { range }, agent }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.once("error", reject);
      response.once("end", () => resolve(Buffer.concat(chunks)));
    });
    request.once("error", reject);
    request.end();
  });
}

test.each([
  { range: "bytes=100-2500100", first: 100, end: 2_500_101 },
  { range: "bytes=0-1048576", first: 0, end: 1_048_577 },
  { range: "bytes=-3000001", first: 1_999_999, end: 5_000_000 },
  { range: "bytes=1-", first: 1, end: 5_000_000 },
])(
  "a part of a large blob is that part, and the connection is good for more: $range",
  async ({ range, first, end }) => {
    const store = await place().open();
    await put(store, ALPINE, LARGE);
    const granted: Granted = { kind: "granted", object: LARGE.object, notices: [] };
    const gate = { rule: () => Promise.resolve(granted) } as unknown as Gate;
    const door = await lab(openDoor({ gate, store }, { config: defaultServe() }));
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    try {
      for (let time = 0; time < 3; time++) {
        const found = await bytesIn(door.port, range, agent);
        expect(found.length).toBe(end - first);
        expect(found.equals(LARGE.bytes.subarray(first, end))).toBe(true);
      }
      expect(door.connections.open.size).toBe(1);
    } finally {
      agent.destroy();
    }
  },
);
