import { readAliases } from "../../config/ssh/aliases.ts";
import { sshFiles } from "../../config/ssh/include.ts";
import type { WorkerKey } from "../../coordinator/hostkeys.ts";
import { asError } from "../../errors.ts";
import { withPort } from "../../http/address.ts";
import { readProxy } from "../../http/proxy.ts";
import { nameFor, parseDestination, type Destination } from "../../setup/destination.ts";
import { isWorkerName, type Wish } from "../../setup/wishes.ts";
import type { Io } from "../io.ts";
import type { Dialog } from "./dialog.ts";

const NEEDED = 3;

/** Asks for the workers that no flag named, until there are three. */
export async function askWishes(given: readonly Wish[], dialog: Dialog, io: Io): Promise<readonly Wish[]> {
  if (given.length >= NEEDED) return given;
  const aliases = await readAliases(io.home, sshFiles);
  dialog.say("Three workers look at the same artifact, best from three networks: this machine, and two machines that");
  dialog.say(
    "you reach over SSH (tofu3 workers setup HOST makes an account on them). An empty answer takes what is in",
  );
  dialog.say("brackets; Ctrl-C leaves, and nothing is written.");
  const wishes = [...given];
  while (wishes.length < NEEDED) wishes.push(await askWish(wishes, aliases, dialog));
  return wishes;
}

async function askWish(others: readonly Wish[], aliases: readonly string[], dialog: Dialog): Promise<Wish> {
  dialog.say("");
  const first = others.every(({ destination }) => destination !== null);
  const offered = aliases.filter((alias) => others.every(({ destination }) => destination?.host !== alias));
  if (offered.length > 0) dialog.say(`in your ~/.ssh/config: ${offered.join(", ")}`);
  const place = first ? "local for this machine, or [user@]host[:port]" : "[user@]host[:port]";
  const destination = await until(
    dialog,
    `worker ${others.length + 1}: ${place}`,
    first ? "local" : (offered[0] ?? ""),
    (answer) => (answer === "local" && first ? null : parseDestination(answer)),
  );
  const usual = destination === null ? "here" : nameFor(destination);
  const name = await until(dialog, "  its name", usual, (answer) => {
    if (!isWorkerName(answer)) throw new Error("a name is 1 to 32 letters, digits, dots, dashes or underscores");
    if (others.some((other) => other.name.toLowerCase() === answer.toLowerCase()))
      throw new Error(`there is a worker ${answer} already`);
    return answer;
  });
  const withUser = destination === null ? null : await askUser(destination, aliases, dialog);
  const proxy = await until(
    dialog,
    "  its proxy to the registries, such as socks5h://127.0.0.1:9050 for Tor",
    "none",
    (answer) => {
      const read = answer === "none" ? null : readProxy(answer);
      if (read !== null && "mistake" in read) throw new Error(read.mistake);
      return read === null ? null : answer;
    },
  );
  return { name, destination: withUser, hostKey: null, identityFile: null, proxy };
}

/** An alias brings its user with it. */
async function askUser(destination: Destination, aliases: readonly string[], dialog: Dialog): Promise<Destination> {
  if (destination.user !== null || aliases.includes(destination.host)) return destination;
  return until(dialog, "  the user there", "tofu", (user) => parseDestination(`${user}@${bracketed(destination)}`));
}

function bracketed({ host, port }: Destination): string {
  return port === null ? host : withPort(host, port);
}

/** Asks again until the answer can be read. */
export async function until<T>(
  dialog: Dialog,
  question: string,
  otherwise: string,
  read: (answer: string) => T,
): Promise<T> {
  for (;;) {
    const answer = await dialog.ask(question, otherwise);
    try {
      return read(answer);
    } catch (thrown) {
      dialog.say(`  ${asError(thrown).message}`);
    }
  }
}

/** Whether a person takes the key for that of their VM: by comparing it, or by giving it. */
export async function confirmKey(name: string, key: WorkerKey, dialog: Dialog): Promise<boolean> {
  dialog.say("");
  dialog.say(`${name} (${key.host} port ${key.port}) proves the host key`);
  dialog.say(`    ${key.fingerprint} (${key.type})`);
  dialog.say("known_hosts does not have it. Compare it with what this prints on the console of that machine:");
  dialog.say("    ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub");
  for (;;) {
    const answer = await dialog.ask("is it the same: yes, no, or the fingerprint from there", "no");
    if (answer === "yes" || answer === key.fingerprint) return true;
    if (answer === "no") return false;
    if (answer.startsWith("SHA256:")) {
      dialog.say("that is another key: somebody may be in between; nothing is written");
      return false;
    }
  }
}
