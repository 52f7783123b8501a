import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Audit } from "../../../src/model/audit.ts";
import { run } from "../../lab/cli.ts";
import type { Web } from "../../lab/web.ts";
import { SHORT, type Stage } from "../stage.ts";

export interface AuditedWeb {
  readonly code: number | null;
  readonly audit: Audit;
  /** `$XDG_STATE_HOME`, of its own. */
  readonly state: string;
  readonly config: string;
}

/** `tofu3 audit --json` of a tree of these files, from three vantages that the server tells apart. */
export async function auditWeb(
  { stage, web }: { readonly stage: Stage; readonly web: Web },
  files: Readonly<Record<string, string>>,
  flags: readonly string[] = ["--allow-private"],
): Promise<AuditedWeb> {
  const [folder, state] = [await stage.room(), await stage.room()];
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text);
  }
  const config = await stage.configure({
    limits: SHORT,
    liar: web.liar,
    config: {
      local: { proxy: web.liar.proxyOf("here") },
      others: { registries: { [web.host]: { caFile: web.caFile } } },
    },
  });
  const { code, stdout, stderr } = await run(["audit", "--config", config, "--json", ...flags], {
    cwd: folder,
    env: { HOME: stage.home, XDG_STATE_HOME: state },
  });
  if (stdout === "") throw new Error(`exit ${String(code)}: ${stderr}`);
  return { code, audit: JSON.parse(stdout) as Audit, state, config };
}
