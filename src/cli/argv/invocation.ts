import type { AuditArguments } from "./commands/audit.ts";
import type { CompletionArguments } from "./commands/completion.ts";
import type { DemoArguments } from "./commands/demo.ts";
import type { ExecArguments } from "./commands/exec.ts";
import type { HistoryArguments } from "./commands/history.ts";
import type { InitArguments } from "./commands/init.ts";
import type { InspectArguments } from "./commands/inspect.ts";
import type { JudgeArguments } from "./commands/judge.ts";
import type { KeygenArguments } from "./commands/keygen.ts";
import type { PinArguments } from "./commands/pin.ts";
import type { ServeCheckArguments, ServeConfigArguments } from "./commands/serveclients.ts";
import type { ServeArguments, ServeClearArguments } from "./commands/serve.ts";
import type { TagsArguments } from "./commands/tags.ts";
import type { VerifyArguments } from "./commands/verify.ts";
import type { WorkersCheckArguments, WorkersScriptArguments, WorkersSetupArguments } from "./commands/workers.ts";
import type { Settings } from "./settings.ts";

export type Arguments =
  | VerifyArguments
  | ExecArguments
  | InspectArguments
  | InitArguments
  | TagsArguments
  | HistoryArguments
  | JudgeArguments
  | KeygenArguments
  | AuditArguments
  | PinArguments
  | DemoArguments
  | CompletionArguments
  | ServeConfigArguments
  | ServeCheckArguments
  | ServeArguments
  | ServeClearArguments
  | WorkersCheckArguments
  | WorkersScriptArguments
  | WorkersSetupArguments;

export interface Invocation {
  readonly arguments: Arguments;
  readonly settings: Settings;
}

/** What yargs returns: the words, those after `--` while parsing, and each given flag by its long name. */
export interface Given {
  readonly _: readonly string[];
  readonly "--"?: readonly string[];
  readonly [flag: string]: unknown;
}
