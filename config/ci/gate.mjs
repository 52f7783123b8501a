// What the step "Verify" of action.yml does: one `tofu3 verify` for each subject, and what GitHub shows of it. Its input
// is in environment variables. It answers the gravest exit code.
import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { appendFileSync, existsSync, mkdtempSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { env, exit, stdout } from "node:process";

/** As tofu3 orders them: a fault of the program, the alarm, what differs, what is missing. */
const GRAVEST = [1, 130, 2, 10, 15, 11, 12, 16, 13, 14, 0];

const subjects = (env.TOFU3_SUBJECTS ?? "")
  .split("\n")
  .map((line) => line.trim())
  .filter((line) => line !== "" && !line.startsWith("#"));
const given = ["platform", "bottle", "output", "days", "lock"].flatMap((name) => {
  const value = env[`TOFU3_${name.toUpperCase()}`] ?? "";
  return value === "" ? [] : [`--${name}=${value}`];
});

if (subjects.length === 0) refuse("there is no subject");
if (subjects.length > 1 && (env.TOFU3_OUTPUT ?? "") !== "") refuse("with an output there can be one subject only");

const reports = mkdtempSync(join(env.RUNNER_TEMP ?? "/tmp", "tofu3-reports-"));
const results = subjects.map(verified);
const code = GRAVEST.find((each) => results.some((result) => result.code === each)) ?? 1;
const gravest = results.find((result) => result.code === code);
tell({
  outcome: gravest?.evidence?.outcome ?? "error",
  digest: results.length === 1 ? (gravest?.evidence?.artifact?.digest ?? "") : "",
  "exit-code": code,
  reports,
});
exit(code);

function verified(subject, index) {
  const [json, markdown, annotation] = [".json", ".md", ".github"].map((ending) =>
    join(reports, `${index + 1}${ending}`),
  );
  const summary = env.GITHUB_STEP_SUMMARY ? [env.GITHUB_STEP_SUMMARY] : [];
  const files = [json, markdown, `github:${annotation}`, ...summary].flatMap((file) => ["--report", file]);
  // nothing that tofu3 prints can be a command to the runner
  const token = randomBytes(16).toString("hex");
  stdout.write(`::stop-commands::${token}\n`);
  const { status, error } = spawnSync("tofu3", ["verify", ...given, ...files, "--", subject], {
    // by one pipe: the runner reads two in any order, and the end of the silence could come before what is to be silenced
    stdio: ["ignore", "inherit", stdout.fd],
    env: surroundings(),
  });
  stdout.write(`::${token}::\n`);
  const text = (file) => (existsSync(file) ? readFileSync(file, "utf8") : null);
  // ended by a signal: it was interrupted
  const code = status ?? (error === undefined ? 130 : 1);
  stdout.write(text(annotation) ?? mistake(`${subject}: ${error?.message ?? `exit code ${code}; the log says why`}`));
  const evidence = evidenceIn(json);
  return { code: evidence === null && code === 0 ? 1 : code, evidence };
}

/** Null if there is no whole report: the disk may be full. */
function evidenceIn(file) {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    return null;
  }
}

/** The agent has the key. With known_hosts of its own tofu3 gets a home of its own, but the caller's logins. */
function surroundings() {
  const folder = env.TOFU3_FOLDER ?? "";
  const more = {};
  if (folder !== "" && existsSync(join(folder, "agent"))) more.SSH_AUTH_SOCK = join(folder, "agent");
  if (folder !== "" && existsSync(join(folder, "home"))) {
    more.HOME = join(folder, "home");
    more.DOCKER_CONFIG = env.DOCKER_CONFIG ?? join(env.HOME ?? "/", ".docker");
    more.XDG_STATE_HOME = env.XDG_STATE_HOME ?? join(env.HOME ?? "/", ".local/state");
  }
  return { ...env, ...more };
}

/** The annotation for what has no report. */
function mistake(message) {
  const text = message.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
  return `::error title=tofu3::${text}\n`;
}

function refuse(why) {
  stdout.write(mistake(why));
  tell({ outcome: "error", digest: "", "exit-code": 2, reports: "" });
  exit(2);
}

function tell(outputs) {
  const lines = Object.entries(outputs).map(([name, value]) => `${name}=${value}\n`);
  if (env.GITHUB_OUTPUT) appendFileSync(env.GITHUB_OUTPUT, lines.join(""));
}
