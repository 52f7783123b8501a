import { ALARM_GUARDS } from "./alarm.ts";
import { AUDIT_GUARDS } from "./audits.ts";
import { COMMAND_GUARDS } from "./commands.ts";
import { DIAGNOSIS_GUARDS } from "./diagnosis.ts";
import { DOOR_GUARDS } from "./door.ts";
import { FILE_GUARDS } from "./files.ts";
import { GATE_GUARDS } from "./gate.ts";
import { EVIDENCE_GUARDS } from "./evidence.ts";
import type { Guard } from "./guard.ts";
import { LEDGER_GUARDS } from "./ledger.ts";
import { OTHER_GUARDS } from "./others.ts";
import { PIN_GUARDS } from "./pins.ts";
import { RELEASE_GUARDS } from "./release.ts";
import { SSH_GUARDS } from "./ssh.ts";
import { STORE_GUARDS } from "./store.ts";
import { TELLING_GUARDS } from "./telling.ts";
import { TRANSPORT_GUARDS } from "./transport.ts";
import { WAY_GUARDS } from "./way.ts";
import { WORKER_GUARDS } from "./worker.ts";

/** Every guard that is watched. */
export const GUARDS: readonly Guard[] = [
  ...ALARM_GUARDS,
  ...WORKER_GUARDS,
  ...WAY_GUARDS,
  ...TRANSPORT_GUARDS,
  ...SSH_GUARDS,
  ...RELEASE_GUARDS,
  ...LEDGER_GUARDS,
  ...PIN_GUARDS,
  ...AUDIT_GUARDS,
  ...DIAGNOSIS_GUARDS,
  ...COMMAND_GUARDS,
  ...TELLING_GUARDS,
  ...GATE_GUARDS,
  ...STORE_GUARDS,
  ...DOOR_GUARDS,
  ...EVIDENCE_GUARDS,
  ...FILE_GUARDS,
  ...OTHER_GUARDS,
];
