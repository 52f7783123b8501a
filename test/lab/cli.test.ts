import { afterAll, describe, expect, test } from "vitest";
import { run, runOnTerminal } from "./cli.ts";
import { writeConfig } from "./config.ts";
import { makeFolder } from "./processes.ts";
import { pushImage } from "./push.ts";
import { startRegistry } from "./registry.ts";
import { startSshd } from "./sshd.ts";
import { useLab } from "./uselab.ts";

const lab = useLab();
const folder = await makeFolder("cli");
afterAll(folder.remove);

describe("running the program", () => {
  test("with the lab's configuration it verifies an image of a real registry through two real sshds", async () => {
    const registry = await lab(startRegistry({ tls: true }));
    const image = await pushImage(registry, { name: "app", tag: "v1", layers: [50_000] });
    const [fra, sgp] = [await lab(startSshd()), await lab(startSshd())];
    const workers = [
      { name: "fra", vm: fra },
      { name: "sgp", vm: sgp },
    ];
    const config = await writeConfig(folder.path, { workers, registries: [registry] });
    const seen = await run(["verify", `${registry.host}/app:v1`, "--json"], { env: { TOFU3_CONFIG: config } });
    expect({ code: seen.code, stderr: seen.code === 0 ? "" : seen.stderr }).toEqual({ code: 0, stderr: "" });
    const evidence = JSON.parse(seen.stdout) as { outcome: string; artifact: { digest: string } };
    expect(evidence).toMatchObject({ outcome: "agreed", artifact: { digest: image.manifest.digest } });
  });

  test("without a terminal there is none, on one there is", async () => {
    const plain = await run(["--help"]);
    const terminal = await runOnTerminal(["--help"]);
    expect([plain.code, terminal.code]).toEqual([0, 0]);
    expect(plain.stdout).not.toContain("\r");
    expect(terminal.stdout).toContain("\r\n");
  });

  test("one that takes too long is killed", async () => {
    const seen = await run(["demo"], { timeoutMs: 50 });
    expect(seen).toMatchObject({ code: null, signal: "SIGKILL" });
  });
});
