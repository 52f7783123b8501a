// The local worker alone, released to nothing: node local.mjs CONFIG REFERENCE FOLDER. Uses the built program.
import { mkdir } from "node:fs/promises";
import { openVantages } from "../../dist/coordinator/runtime.js";
import { subjectOf } from "../../dist/model/subject.js";
import { parseReference } from "../../dist/oci/reference.js";
import { parseDestination } from "../../dist/release/destination.js";
import { openQuarantine } from "../../dist/release/quarantine/quarantine.js";
import { jobOf } from "../../dist/coordinator/verify.js";
import { observe } from "../../dist/worker/walk/look.js";
import { runtimeOf } from "./runtime.mjs";

const [configFile, reference, folder] = process.argv.slice(2);
await mkdir(folder);
const runtime = await runtimeOf(configFile);
const workers = runtime.config.workers.filter(({ via }) => via === "local");
const alone = { ...runtime, config: { ...runtime.config, workers } };
const quarantine = await openQuarantine(parseDestination(`oci:${folder}/out`, false, process.cwd()));
const never = new AbortController().signal;
const [vantage] = await openVantages(alone, quarantine, null, never);
const job = jobOf(
  { subject: subjectOf(parseReference(reference)), platform: null, osVersion: null, bottle: null },
  runtime.config.limits,
  "everything",
);
const observation = await observe(job, vantage, () => undefined, never, never);
await quarantine.discard();
if (observation.error !== null) throw new Error(observation.error.message);
