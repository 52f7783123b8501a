// COUNT references resolved at every vantage in one process: node resolve.mjs CONFIG REPOSITORY COUNT WORKER|all. Uses the built program.
import { judge } from "../../dist/consensus/judge.js";
import { dispatch } from "../../dist/coordinator/dispatch.js";
import { openVantages } from "../../dist/coordinator/vantages.js";
import { jobFor, runtimeOf } from "./runtime.mjs";

const [configFile, repository, count, who] = process.argv.slice(2);
const runtime = await runtimeOf(configFile);
const never = new AbortController().signal;
const hooks = { keep: null, admit: null, witness: null, watch: () => undefined };
const { vantages, close } = await openVantages(runtime, never);
const outcomes = await Promise.all(
  Array.from({ length: Number(count) }, async (_, pin) => {
    const job = jobFor(`${repository}:${pin}`, runtime, "root");
    const asked = vantages.filter(({ name }) => who === "all" || name === who);
    const seen = await dispatch(job, asked, hooks, never);
    return who === "all" ? judge(seen).outcome : seen.every(({ error }) => error === null) ? "agreed" : "failed";
  }),
);
await close();
const agreed = outcomes.filter((outcome) => outcome === "agreed").length;
if (agreed !== Number(count)) throw new Error(`${agreed} of ${count} agreed`);
