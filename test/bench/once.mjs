// One verification as the command does it, remembered in the ledger or not: node once.mjs CONFIG REFERENCE OUT yes|no|after-10000.
// Uses the built program.
import { writeFile, mkdir, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { ledgerPlace } from "../../dist/config/state.js";
import { verify } from "../../dist/coordinator/verify.js";
import { ensureKey } from "../../dist/ledger/key.js";
import { hashOf, writeLine } from "../../dist/ledger/line.js";
import { subjectOf } from "../../dist/model/subject.js";
import { parseReference } from "../../dist/oci/reference.js";
import { runtimeOf } from "./runtime.mjs";

const [configFile, reference, out, remember] = process.argv.slice(2);
const plain = await runtimeOf(configFile);
const full = { ...plain, env: { ...plain.env, XDG_STATE_HOME: join(plain.env.XDG_STATE_HOME, "full") } };
const runtime = remember === "after-10000" ? full : plain;

async function fill(count) {
  const { path, stateDir } = ledgerPlace(runtime.config, runtime);
  if ((await stat(path).catch(() => null)) !== null) return;
  await mkdir(dirname(path), { recursive: true });
  const key = await ensureKey(stateDir);
  const lines = [];
  let previous = null;
  for (let entry = 1; entry <= count; entry++) {
    const line = writeLine(verificationOf(entry), { previous, entry }, key, 0);
    lines.push(line, Buffer.from("\n"));
    previous = hashOf(line);
  }
  await writeFile(path, Buffer.concat(lines), { mode: 0o600 });
}

function verificationOf(entry) {
  const digest = `sha256:${entry.toString(16).padStart(64, "0")}`;
  const look = { via: "ssh", outcome: "saw", digest, hostKey: null, country: null, asn: null };
  return {
    at: new Date(Date.UTC(2020, 0, 1) + entry * 3_600_000).toISOString(),
    subject: subjectOf(parseReference(`registry.example/team/app${entry % 500}:1`)),
    selection: { platform: null, osVersion: null, bottle: null },
    outcome: "agreed",
    digest,
    looks: ["fra", "here", "sgp"].map((worker) => ({ worker, ...look })),
    objects: Array.from({ length: 12 }, () => ({ role: "layer", digest, parent: digest, platform: null })),
    clocksAgree: true,
  };
}

if (remember === "after-10000") await fill(10_000);
const subject = subjectOf(parseReference(reference));
const asked = { reference, subject, platform: null, osVersion: null, bottle: null, days: null, keepEvidence: null };
const request = { ...asked, destination: `oci:${out}`, force: false, remember: remember !== "no" };
const evidence = await verify(request, runtime, () => undefined, new AbortController().signal);
if (evidence.released === null) throw new Error(evidence.summary);
