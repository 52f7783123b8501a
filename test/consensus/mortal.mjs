// A verification that dies: node mortal.mjs FILE, where FILE says what three workers are told and when it is killed
import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { createHash } from "node:crypto";
import { loadConfig } from "../../dist/config/load.js";
import { verifyFrom } from "../../dist/coordinator/verify.js";

const { config, cwd, request, told, killAtStep, killAfterMs } = JSON.parse(readFileSync(process.argv[2], "utf8"));
const surroundings = { env: {}, home: cwd, cwd };
const die = () => process.kill(process.pid, "SIGKILL");
let steps = 0;
let open = told.length;

function step() {
  steps += 1;
  if (steps === killAtStep) die();
}

function transportOf(name, pages) {
  const pageOf = (url) => {
    step();
    const { type, base64 } = pages[new URL(url).pathname];
    return {
      status: 200,
      headers: [["content-type", type]],
      address: "192.0.2.1",
      body: Buffer.from(base64, "base64"),
    };
  };
  return {
    open: async () => (step(), { tools: [], hostKey: null, machine: name, boot: null }),
    read: async ({ url }) => pageOf(url),
    measure: async ({ url, keep }) => {
      const { body, ...answer } = pageOf(url);
      if (keep !== null) await writeFile(keep, body, { mode: 0o600 });
      const digest = `sha256:${createHash("sha256").update(body).digest("hex")}`;
      return { ...answer, size: body.length, digest, cut: null, head: Buffer.alloc(0), more: null };
    },
    end: async () => {
      step();
      open -= 1;
      if (open === 0 && killAfterMs !== null) setTimeout(die, killAfterMs);
    },
  };
}

const runtime = {
  ...surroundings,
  config: await loadConfig(config, surroundings),
  authfile: null,
  now: () => new Date(0),
  version: "0.0.0",
  passphrase: null,
  log: () => undefined,
};
const vantages = told.map(({ name, pages }, at) => ({
  name,
  via: at === 0 ? "local" : "ssh",
  link: { begin: () => transportOf(name, pages), close: async () => undefined },
  credentials: null,
  registries: () => ({ plainHttp: false, trust: null }),
  authorities: new Map(),
}));
const { outcome } = await verifyFrom(vantages, request, runtime, () => undefined, new AbortController().signal);
console.log(outcome, steps);
