import type { Command } from "./command.ts";
import { AUDIT } from "./commands/audit.ts";
import { COMPLETION } from "./commands/completion.ts";
import { DEMO } from "./commands/demo.ts";
import { EXEC } from "./commands/exec.ts";
import { HISTORY } from "./commands/history.ts";
import { INIT } from "./commands/init.ts";
import { INSPECT } from "./commands/inspect.ts";
import { JUDGE } from "./commands/judge.ts";
import { KEYGEN } from "./commands/keygen.ts";
import { PIN } from "./commands/pin.ts";
import { SERVE_CHECK, SERVE_CONFIG } from "./commands/serveclients.ts";
import { SERVE, SERVE_CLEAR } from "./commands/serve.ts";
import { TAGS } from "./commands/tags.ts";
import { VERIFY } from "./commands/verify.ts";
import { WORKERS_CHECK, WORKERS_SCRIPT, WORKERS_SETUP } from "./commands/workers.ts";
import type { Arguments } from "./invocation.ts";

export interface CommandGroup {
  readonly title: string;
  readonly commands: readonly Command<Arguments>[];
}

/** Every command, in the order of the help. */
export const COMMAND_GROUPS: readonly CommandGroup[] = [
  { title: "Verify", commands: [VERIFY, EXEC, AUDIT, PIN] },
  { title: "Look", commands: [JUDGE, HISTORY, INSPECT, TAGS] },
  { title: "Gate", commands: [SERVE, SERVE_CLEAR, SERVE_CONFIG, SERVE_CHECK] },
  { title: "Set up", commands: [INIT, WORKERS_SETUP, WORKERS_CHECK, WORKERS_SCRIPT, KEYGEN, DEMO, COMPLETION] },
];

export const COMMANDS: readonly Command<Arguments>[] = COMMAND_GROUPS.flatMap(({ commands }) => commands);
