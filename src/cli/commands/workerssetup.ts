import { workerText, type WrittenWorker } from "../../config/write.ts";
import { jsonText } from "../../report/json.ts";
import { accountName, removeScript, setupScript } from "../../setup/account.ts";
import { shownKeys, type ShownKey } from "../../setup/command.ts";
import { nameFor, parseDestination, type Destination } from "../../setup/destination.ts";
import { EXIT_OK } from "../exit.ts";
import type { WorkersSetupArguments } from "../argv/commands/workers.ts";
import type { Settings } from "../argv/settings.ts";
import type { Io } from "../io.ts";
import { choosePublicKey } from "./publickey.ts";
import { runUserSsh } from "./userssh.ts";

/** Prints the script that makes the account on a VM, or takes it away, or runs it there. */
export async function workersSetupCommand(
  wanted: WorkersSetupArguments,
  settings: Settings,
  io: Io,
  signal: AbortSignal,
): Promise<number> {
  const destination = parseDestination(wanted.host);
  const user = accountName(wanted.user);
  const say = (text: string): void => {
    if (!settings.quiet) io.stderr.write(`tofu3: ${text}\n`);
  };
  const chosen = wanted.remove ? null : await choosePublicKey(wanted.key, destination.host, settings, io, signal);
  if (chosen !== null) say(`note: the account will let in the key of ${chosen.from}`);
  const script = chosen === null ? removeScript(user) : setupScript(user, chosen.key);
  const base = { schemaVersion: 1, tool: { name: "tofu3", version: io.version }, host: wanted.host, user };
  if (!wanted.apply) {
    io.stdout.write(settings.json ? jsonText({ ...base, script }) : script);
    say(`run it as root on ${wanted.host}: add --apply, or append: | ssh ${wanted.host} sudo sh`);
    return EXIT_OK;
  }
  const output = await runUserSsh(destination, script, io, signal);
  if (chosen === null) {
    if (settings.json) io.stdout.write(jsonText({ ...base, removed: true }));
    return EXIT_OK;
  }
  const hostKeys = shownKeys(output);
  const worker = workerOf(destination, user, chosen.identityFile, hostKeys);
  if (settings.json) io.stdout.write(jsonText({ ...base, hostKeys, worker }));
  else io.stdout.write(`${workerText(worker)}\n`);
  say("this line is its worker in tofu3.yaml; tofu3 init writes the whole file");
  return EXIT_OK;
}

function workerOf(
  destination: Destination,
  user: string,
  identityFile: string | null,
  [best]: readonly ShownKey[],
): WrittenWorker {
  return {
    name: nameFor(destination),
    via: "ssh",
    host: destination.host,
    port: destination.port ?? undefined,
    user,
    identityFile: identityFile ?? undefined,
    hostKey: best?.fingerprint,
  };
}
