// The local worker alone, released to nothing: node local.mjs CONFIG REFERENCE FOLDER. Uses the built program.
import { mkdir } from "node:fs/promises";
import { homedir } from "node:os";
import { loadConfig } from "../../dist/config/load.js";
import { openVantages } from "../../dist/house.js";
import { parseDestination } from "../../dist/release/destination.js";
import { openQuarantine } from "../../dist/release/quarantine.js";
import { jobOf } from "../../dist/verify.js";
import { observe } from "../../dist/worker/walk.js";

const [configFile, reference, folder] = process.argv.slice(2);
await mkdir(folder);
const surroundings = { env: process.env, home: homedir(), cwd: process.cwd() };
const config = await loadConfig(configFile, surroundings);
const house = {
  config,
  ...surroundings,
  authfile: null,
  now: () => new Date(),
  version: "bench",
  passphrase: null,
  log: () => undefined,
};
const quarantine = await openQuarantine(parseDestination(`oci:${folder}/out`, false, process.cwd()));
const never = new AbortController().signal;
const [vantage] = await openVantages(house, quarantine, null, never);
const job = jobOf({ reference, platform: null, osVersion: null, bottle: null }, config.limits, "everything");
const observation = await observe(job, vantage, () => undefined, never, never);
await quarantine.discard();
if (observation.error !== null) throw new Error(observation.error.message);
