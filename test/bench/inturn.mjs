// COUNT references verified one after the other through one set of vantages: node inturn.mjs CONFIG REPOSITORY COUNT. Uses the built program.
import { judge } from "../../dist/consensus/judge.js";
import { dispatch } from "../../dist/coordinator/dispatch.js";
import { openVantages } from "../../dist/coordinator/vantages.js";
import { jobFor, runtimeOf } from "./runtime.mjs";

const [configFile, repository, count] = process.argv.slice(2);
const runtime = await runtimeOf(configFile);
const never = new AbortController().signal;
const hooks = { keep: null, admit: null, witness: null, watch: () => undefined };
const { vantages, close } = await openVantages(runtime, never);
for (let pin = 0; pin < Number(count); pin++) {
  const job = jobFor(`${repository}:${pin}`, runtime, "everything");
  const { outcome } = judge(await dispatch(job, vantages, hooks, never));
  if (outcome !== "agreed") throw new Error(`${pin}: ${outcome}`);
}
await close();
