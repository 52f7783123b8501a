// A process that uses the transport and is killed by a test: node coordinator.mjs TARGET URL
import { SshLink } from "../../dist/ssh/engine.js";

const [, , target, url] = process.argv;
const limits = {
  manifestBytes: 1,
  blobBytes: 1,
  fileBytes: 1,
  redirects: 5,
  retries: 5,
  connectSeconds: 20,
  idleSeconds: 20,
  totalSeconds: 120,
};
const transport = new SshLink({ target: JSON.parse(target), limits, proxy: null, ask: null, warn: () => {} }).begin(
  "registry.example",
);
const query = {
  url,
  headers: [],
  maxBytes: 2 ** 40,
  publicOnly: false,
  trust: null,
  algorithm: "sha256",
  keep: null,
  onBytes: () => undefined,
};
const never = new AbortController().signal;
await transport.open(never);
for (let i = 0; i < 3; i++) void transport.measure({ ...query, expectedBytes: null }, never).catch(() => undefined);
void transport.measure({ ...query, expectedBytes: 10, maxBytes: 1000 }, never).catch(() => undefined);
process.stdout.write("at work\n");
