import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { watchArmed } from "../../../src/serve/clients/armed.ts";
import { checkClient } from "../../../src/serve/clients/check.ts";
import type { Doors } from "../../../src/serve/clients/doors.ts";
import { startRefuser } from "../../lab/clients/refuser.ts";
import { makeFolder } from "../../lab/processes.ts";
import { useLab } from "../../lab/uselab.ts";

const lab = useLab();

test("a client whose pull does not end is not closed, whatever it said so far", async () => {
  const store = await makeFolder("store");
  const armory = watchArmed(store.path);
  const gate = await lab(startRefuser(armory, "none.invalid"));
  const programs = join(store.path, "bin");
  await mkdir(programs);
  // it tells the gate's refusal, and then perhaps asks somebody else
  const script = (after: string): string => `#!/bin/sh
curl -s http://${gate.host}/v2/registry.lab:5000/app/manifests/1 || echo "no curl"
${after}
`;
  const doors: Doors = {
    scheme: "http",
    general: gate.host,
    own: new Map(),
    upstreams: ["registry.lab:5000"],
    hasAuth: false,
  };
  const check = async (after: string, timeoutMs: number) => {
    await writeFile(join(programs, "skopeo"), script(after));
    await chmod(join(programs, "skopeo"), 0o755);
    return checkClient(
      { client: "skopeo", image: "registry.lab:5000/app:1", doors, hosts: "", timeoutMs, store: store.path } as const,
      { env: { PATH: `${programs}:${process.env["PATH"] ?? ""}` }, now: () => new Date() },
      new AbortController().signal,
    );
  };
  expect(await check("exit 1", 60_000)).toMatchObject({ kind: "closed", refusals: 1, exitCode: 1 });
  const late = { kind: "unknown", because: "its pull did not end within 1.5 s", refusals: 1, exitCode: null };
  expect(await check("exec sleep 60", 1500)).toMatchObject(late);
  // what it did before counts
  expect(await check("echo https://registry.lab:5000/v2/; exec sleep 60", 1500)).toMatchObject({ kind: "open" });
  await armory.close();
  await store.remove();
});
