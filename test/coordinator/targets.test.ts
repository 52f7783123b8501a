import { seteuid } from "node:process";
import { expect, test } from "vitest";
import { readTargetOf } from "../../src/coordinator/targets.ts";

const WORKER = {
  name: "fra",
  via: "ssh",
  host: "203.0.113.7",
  port: null,
  user: null,
  identityFile: null,
  hostKey: null,
  proxy: null,
  forwardCredentials: false,
} as const;

test.runIf(process.getuid?.() === 0)(
  "an id without a name, as of a container, logs in as that id (needs root)",
  async () => {
    seteuid?.(54321);
    try {
      expect(await readTargetOf(WORKER, { env: {}, home: "/nonexistent" })).toMatchObject({ user: "54321", port: 22 });
    } finally {
      seteuid?.(0);
    }
  },
);
