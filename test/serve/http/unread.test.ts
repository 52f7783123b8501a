import { connect } from "node:net";
import { expect, test } from "vitest";
import { defaultServe } from "../../../src/config/serve.ts";
import { registryHandler } from "../../../src/serve/http/respond.ts";
import { listen, type Connections } from "../../../src/serve/http/server.ts";
import type { Service } from "../../../src/serve/http/service.ts";
import { until } from "../../lab/processes.ts";

test("whoever takes nothing of a long list loses the connection", async () => {
  const config = defaultServe();
  const limits = { ...config.limits, idleSeconds: 1 };
  const tags = Array.from({ length: 400_000 }, (_, at) => `a-tag-that-is-rather-long-as-tags-go-${at}`);
  const nothing = (): void => undefined;
  const service = {
    gate: { tags: () => Promise.resolve(tags) },
    meters: { request: nothing, bytes: nothing },
    config: { ...config, limits },
    log: nothing,
  } as unknown as Service;
  const connections: Connections = { open: new Set(), most: 9 };
  const place = { host: "127.0.0.1", port: 0, fd: null };
  const gate = await listen(place, registryHandler(service, null), { tls: null, limits, connections });
  const client = connect({ port: gate.port, host: "127.0.0.1" });
  client.pause();
  client.on("error", nothing);
  try {
    client.write(`GET /v2/docker.io/library/a/tags/list HTTP/1.1\r\nHost: 127.0.0.1:${gate.port}\r\n\r\n`);
    await until("it is asked", () => (connections.open.size === 1 ? true : undefined));
    await until("it is cut off", () => (connections.open.size === 0 ? true : undefined));
  } finally {
    client.destroy();
    await gate.close(AbortSignal.abort());
  }
  expect(connections.open.size).toBe(0);
});
