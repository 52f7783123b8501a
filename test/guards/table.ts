import { ALARM_GUARDS } from "./alarm.ts";
import { AUDIT_GUARDS } from "./audits.ts";
import { DIAGNOSIS_GUARDS } from "./diagnosis.ts";
import type { Guard } from "./guard.ts";
import { LEDGER_GUARDS } from "./ledger.ts";
import { OTHER_GUARDS } from "./others.ts";
import { PIN_GUARDS } from "./pins.ts";
import { RELEASE_GUARDS } from "./release.ts";
import { SSH_GUARDS } from "./ssh.ts";
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
  ...OTHER_GUARDS,
];
