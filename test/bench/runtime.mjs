// What the measured programs begin with: the runtime of one configuration file. Uses the built program.
import { homedir } from "node:os";
import { loadConfig } from "../../dist/config/load.js";

export async function runtimeOf(configFile) {
  const surroundings = { env: process.env, home: homedir(), cwd: process.cwd() };
  const config = await loadConfig(configFile, surroundings);
  const nobody = { authfile: null, now: () => new Date(), version: "bench", passphrase: null, log: () => undefined };
  return { config, ...surroundings, ...nobody };
}
