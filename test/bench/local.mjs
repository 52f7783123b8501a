// The local worker alone, released to nothing: node local.mjs CONFIG REFERENCE FOLDER. Uses the built program.
import { mkdir } from "node:fs/promises";
import { dispatch } from "../../dist/coordinator/dispatch.js";
import { openVantages } from "../../dist/coordinator/vantages.js";
import { parseDestination } from "../../dist/release/destination.js";
import { openQuarantine } from "../../dist/release/quarantine/quarantine.js";
import { jobFor, runtimeOf } from "./runtime.mjs";

const [configFile, reference, folder] = process.argv.slice(2);
await mkdir(folder);
const runtime = await runtimeOf(configFile);
const workers = runtime.config.workers.filter(({ via }) => via === "local");
const alone = { ...runtime, config: { ...runtime.config, workers } };
const quarantine = await openQuarantine(parseDestination(`oci:${folder}/out`, false, process.cwd()));
const never = new AbortController().signal;
const { vantages, close } = await openVantages(alone, never);
const hooks = { keep: quarantine, admit: null, witness: null, watch: () => undefined };
const [observation] = await dispatch(jobFor(reference, runtime, "everything"), vantages, hooks, never);
await close();
await quarantine.discard();
if (observation.error !== null) throw new Error(observation.error.message);
