// COUNT references resolved at every vantage in one process: node resolve.mjs CONFIG REPOSITORY COUNT. Uses the built program.
import { judge } from "../../dist/consensus/judge.js";
import { openVantages } from "../../dist/coordinator/runtime.js";
import { subjectOf } from "../../dist/model/subject.js";
import { parseReference } from "../../dist/oci/reference.js";
import { jobOf } from "../../dist/coordinator/verify.js";
import { observe } from "../../dist/worker/walk/look.js";
import { runtimeOf } from "./runtime.mjs";

const [configFile, repository, count] = process.argv.slice(2);
const runtime = await runtimeOf(configFile);
const never = new AbortController().signal;
const vantages = await openVantages(runtime, null, null, never);
// One session for all references; it ends once, and cleanly, at the end.
const shared = vantages.map((vantage) => ({ ...vantage, transport: { ...vantage.transport, close: () => Promise.resolve() } }));
const outcomes = await Promise.all(
  Array.from({ length: Number(count) }, async (_, pin) => {
    const job = jobOf(
      { subject: subjectOf(parseReference(`${repository}:${pin}`)), platform: null, osVersion: null, bottle: null },
      runtime.config.limits,
      "documents",
    );
    return judge(await Promise.all(shared.map((vantage) => observe(job, vantage, () => undefined, never, never)))).outcome;
  }),
);
await Promise.all(vantages.map((vantage) => vantage.transport.close()));
const agreed = outcomes.filter((outcome) => outcome === "agreed").length;
if (agreed !== Number(count)) throw new Error(`${agreed} of ${count} agreed`);
