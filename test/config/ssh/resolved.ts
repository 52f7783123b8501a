import { resolveHost, type SshHost } from "../../../src/config/ssh/host.ts";
import { sshFiles } from "../../../src/config/ssh/include.ts";
import { folderWith } from "../folder.ts";

const SILENT = { port: null, user: null, identityFile: null };

interface Asked {
  readonly config?: string;
  readonly files?: Readonly<Record<string, string>>;
  readonly alias?: string;
  readonly wishes?: Partial<{ port: number; user: string; identityFile: string }>;
  readonly env?: Readonly<Record<string, string>>;
}

/** Asks a fresh home folder for one host; `config` is its ~/.ssh/config. */
export async function resolved({ config, files, alias, wishes, env }: Asked): Promise<{ home: string; host: SshHost }> {
  const home = await folderWith({ x: "", ...files, ...(config === undefined ? {} : { ".ssh/config": config }) });
  const host = await resolveHost(
    alias ?? "fra",
    { ...SILENT, ...wishes },
    { home, env: env ?? {}, localUser: "kim", files: sshFiles },
  );
  return { home, host };
}
