// What the measured programs begin with: the runtime of one configuration file, and a job. Uses the built program.
import { homedir } from "node:os";
import { loadConfig } from "../../dist/config/load.js";
import { jobOf } from "../../dist/coordinator/request.js";
import { subjectOf } from "../../dist/model/subject.js";
import { parseReference } from "../../dist/oci/reference.js";

export async function runtimeOf(configFile) {
  const surroundings = { env: process.env, home: homedir(), cwd: process.cwd() };
  const config = await loadConfig(configFile, surroundings);
  const nobody = { authfile: null, now: () => new Date(), version: "bench", passphrase: null, log: () => undefined };
  return { config, ...surroundings, ...nobody };
}

export function jobFor(reference, { config }, depth) {
  const subject = subjectOf(parseReference(reference));
  return jobOf({ subject, platform: null, osVersion: null, bottle: null }, config.limits, depth);
}
