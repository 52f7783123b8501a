import { dirname, isAbsolute, resolve } from "node:path";
import { parseConfig, type Config, type SshWorkerConfig } from "../../config/config.ts";
import { schemaFile } from "../../config/defaults.ts";
import { configText, type Written, type WrittenWorker } from "../../config/write.ts";
import type { WorkerReport } from "../../coordinator/check.ts";
import { scanWorker, type WorkerKey } from "../../coordinator/hostkeys.ts";
import { checkWorkers } from "../../coordinator/workers.ts";
import { errnoOf, lookAt, placeSmallFile } from "../../durable.ts";
import { asError, messageOf, Tofu3Error, visible } from "../../errors.ts";
import type { Distinct } from "../../model/policy.ts";
import { jsonText } from "../../report/json.ts";
import { listed } from "../../report/text.ts";
import { parseDistinct, readWishes, type Wish } from "../../setup/wishes.ts";
import type { InitArguments } from "../argv/commands/init.ts";
import type { Settings } from "../argv/settings.ts";
import { paintFor } from "../color.ts";
import { tellError } from "../errors.ts";
import { EXIT_OK, exitOf } from "../exit.ts";
import { widthOf, type Io } from "../io.ts";
import { openProgress } from "../progress/progress.ts";
import { runtimeOf } from "../runtime.ts";
import { openDialog, type Dialog } from "./dialog.ts";
import { askWishes, confirmKey, until } from "./initask.ts";
import { isUsable, renderWorkers, standing } from "./workers.ts";

/** What one run of init works with. */
interface Session {
  readonly wanted: InitArguments;
  readonly settings: Settings;
  readonly io: Io;
  readonly signal: AbortSignal;
  /** Null: ask nobody. */
  readonly dialog: Dialog | null;
  readonly say: (text: string) => void;
}

/** Asks for the workers, reaches them, and writes a configuration that they meet. Returns 12 or 13 if they do not. */
export async function initCommand(
  wanted: InitArguments,
  settings: Settings,
  io: Io,
  signal: AbortSignal,
): Promise<number> {
  const dialog = wanted.yes ? null : openDialog(io, signal);
  const say = (text: string): void => {
    if (!settings.quiet || dialog !== null) io.stderr.write(`${text}\n`);
  };
  const session: Session = { wanted, settings, io, signal, dialog, say };
  try {
    await refuseExisting(session);
    const asked = readWishes(wanted);
    const distinct = wanted.distinct === null ? null : parseDistinct(wanted.distinct);
    const wishes = dialog === null ? asked : await askWishes(asked, dialog, io);
    if (wishes.length < 3) throw tooFew(wishes);
    const workers: WrittenWorker[] = [];
    for (const wish of wishes) workers.push(await writtenOf(wish, session));
    const draft: Written = { workers, distinct: distinct ?? [], echo: wanted.echo };
    parse(configText(draft, null), session);
    const found = wanted.check ? await measure(draft, session) : null;
    if (found?.code !== undefined) return found.code;
    return await finish({ ...draft, distinct: await choose(distinct, found?.meets ?? null, session) }, found, session);
  } finally {
    dialog?.close();
  }
}

function tooFew(wishes: readonly Wish[]): Tofu3Error {
  const has =
    wishes.length === 0
      ? "none is"
      : `only ${listed(wishes.map(({ name }) => name))} ${wishes.length === 1 ? "is" : "are"}`;
  return new Tofu3Error("E_USAGE", `tofu3 init needs three workers, and ${has} given with --worker`, {
    hint: "run it on a terminal, which asks; or: --worker here=local --worker fra=tofu@HOST1 --worker sgp=tofu@HOST2",
  });
}

async function refuseExisting({ wanted, io }: Session): Promise<void> {
  if (wanted.output === "-" || wanted.force) return;
  const path = resolve(io.cwd, wanted.output);
  if ((await lookAt(path)) === null) return;
  throw new Tofu3Error(
    "E_USAGE",
    `there is already a ${JSON.stringify(visible(wanted.output))}, and nothing was written`,
    {
      hint: "--force replaces it; -o FILE writes another one; -o - prints",
    },
  );
}

function place(path: string, cwd: string): string {
  return path.startsWith("~/") || isAbsolute(path) ? path : resolve(cwd, path);
}

/** A worker of the file. Its host key is from a flag, from known_hosts, or from a person who compared it. */
async function writtenOf(wish: Wish, session: Session): Promise<WrittenWorker> {
  const { name, destination, proxy, identityFile } = wish;
  if (destination === null) return { name, via: "local", proxy: proxy ?? undefined };
  const { host, port, user } = destination;
  const bare: WrittenWorker = {
    name,
    via: "ssh",
    host,
    port: port ?? undefined,
    user: user ?? undefined,
    identityFile: identityFile === null ? undefined : place(identityFile, session.io.cwd),
  };
  const hostKey = wish.hostKey ?? (session.wanted.check ? await findKey(bare, session) : undefined);
  return { ...bare, hostKey, proxy: proxy ?? undefined };
}

async function findKey(bare: WrittenWorker, session: Session): Promise<string> {
  const { dialog, say } = session;
  const { name, host = "", port = null, user = null } = bare;
  const worker: SshWorkerConfig = {
    ...{
      name,
      via: "ssh",
      host,
      port,
      user,
      identityFile: null,
      hostKey: null,
      proxy: null,
      forwardCredentials: false,
    },
  };
  const key = await scan(worker, session);
  if (key.known) {
    say(`tofu3: ${name} proves ${key.fingerprint}, which is in known_hosts`);
    return key.fingerprint;
  }
  if (dialog !== null && (await confirmKey(name, key, dialog))) return key.fingerprint;
  throw new Tofu3Error(
    "E_HOST_KEY",
    `the host key of ${name} (${key.host} port ${key.port}) is not known, so nothing was written: it proves ${key.fingerprint} (${key.type})`,
    {
      hint: `compare it on that machine's own console (ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub), then: --host-key ${name}=SHA256:…`,
    },
  );
}

/** The key that the host proves. A person may start the host first, and then try again, without losing the answers. */
async function scan(worker: SshWorkerConfig, { io, dialog, signal, say }: Session): Promise<WorkerKey> {
  for (;;) {
    say(`tofu3: reaching ${worker.name}`);
    try {
      return await scanWorker(worker, { env: io.env, home: io.home, passphrase: null }, signal);
    } catch (error) {
      signal.throwIfAborted();
      if (dialog === null || asError(error).code === "E_BUG") throw error;
      tellError(io.stderr, error, false);
      if (!(await dialog.confirm("try again", "yes"))) throw gaveUp(worker);
    }
  }
}

function gaveUp({ name }: SshWorkerConfig): Tofu3Error {
  return new Tofu3Error("E_SSH", `${name} cannot be reached, so nothing was written`, {
    hint: "--no-check writes the file without reaching anybody",
  });
}

/** The same checks that every command makes of the file. */
function parse(text: string, { wanted, io }: Session): Config {
  const folder = wanted.output === "-" ? io.cwd : dirname(resolve(io.cwd, wanted.output));
  return parseConfig(text, {
    file: wanted.output === "-" ? "<stdout>" : resolve(io.cwd, wanted.output),
    folder,
    home: io.home,
  });
}

interface Measured {
  readonly reports: readonly WorkerReport[];
  readonly meets: readonly Distinct[];
  /** If nothing is to be written. */
  readonly code?: number;
}

/** Reaches all workers as they would be written, and says what they lack and in what they differ. */
async function measure(draft: Written, session: Session): Promise<Measured> {
  const { wanted, settings, io, signal, dialog, say } = session;
  const config = parse(configText(draft, null), session);
  const silent = await openProgress(io, { ...settings, progress: "none" }, []);
  say(`tofu3: checking ${listed(draft.workers.map(({ name }) => name))}`);
  dialog?.pause();
  const reports = await checkWorkers(await runtimeOf(config, settings, io, silent), null, signal);
  const { meets } = standing(reports);
  const paint = paintFor(io.stderr, io.env, settings.color);
  say(`\n${renderWorkers(reports, { distinct: draft.distinct }, paint, widthOf(io.stderr)).trimEnd()}\n`);
  if (!reports.every(isUsable)) {
    const goes = dialog !== null && (await dialog.confirm("write the file all the same", "no"));
    if (goes) return { reports, meets };
    io.stderr.write("tofu3: error: a worker is not usable, so nothing was written\n");
    io.stderr.write("tofu3: hint: do what stands above and run it again, or write it as it is with --no-check\n");
    return { reports, meets, code: exitOf("incomplete") };
  }
  const missing = draft.distinct.filter((each) => !meets.includes(each));
  if (missing.length === 0) return { reports, meets };
  io.stderr.write(`tofu3: error: the workers do not differ in ${listed(missing)}, so nothing was written\n`);
  io.stderr.write(
    `tofu3: hint: --distinct ${meets.length === 0 ? "none" : meets.join()} is what they meet${wanted.echo.length > 0 ? "" : "; networks are measured with --echo"}\n`,
  );
  return { reports, meets, code: exitOf("indistinct") };
}

/** What has to differ: what was asked for, else what the workers meet, else the default. */
async function choose(
  given: readonly Distinct[] | null,
  meets: readonly Distinct[] | null,
  { dialog, say }: Session,
): Promise<readonly Distinct[]> {
  if (given !== null) return given;
  const proposed = meets ?? ["machine" as const];
  if (meets?.length === 0)
    say("tofu3: the workers are not known to be three machines: policy.distinct: [] is only for trying things out");
  if (dialog === null) return proposed;
  const words = proposed.length === 0 ? "none" : proposed.join();
  return until(dialog, "policy.distinct, what has to differ at every verification", words, parseDistinct);
}

async function finish(written: Written, found: Measured | null, session: Session): Promise<number> {
  const { wanted, settings, io, dialog, say } = session;
  const text = configText(written, wanted.output === "-" ? null : schemaFile());
  parse(text, session);
  if (wanted.output === "-") {
    io.stdout.write(text);
    return EXIT_OK;
  }
  if (dialog !== null) {
    say(`\n${text}`);
    if (!(await dialog.confirm(`write this to ${wanted.output}`, "yes"))) {
      say("tofu3: nothing was written");
      return EXIT_OK;
    }
  }
  const path = resolve(io.cwd, wanted.output);
  await write(path, text, session);
  if (settings.json) {
    const tool = { name: "tofu3", version: io.version };
    const { workers, distinct } = written;
    io.stdout.write(
      jsonText({ schemaVersion: 1, tool, file: path, workers, policy: { distinct }, checked: found?.reports ?? [] }),
    );
  }
  say(`tofu3: wrote ${wanted.output}`);
  const named = ["tofu3.yaml", "./tofu3.yaml"].includes(wanted.output) ? "" : ` --config ${wanted.output}`;
  say(
    `tofu3: next: ${found === null ? `tofu3 workers check${named}` : `tofu3 verify alpine:3.20 --platform linux/amd64${named}`}`,
  );
  return EXIT_OK;
}

async function write(path: string, text: string, { wanted, signal }: Session): Promise<void> {
  signal.throwIfAborted();
  try {
    await placeSmallFile(path, text, 0o600, wanted.force);
  } catch (cause) {
    const why = errnoOf(cause) === "ENOENT" ? "its folder does not exist" : messageOf(cause);
    throw new Tofu3Error("E_USAGE", `cannot write ${JSON.stringify(visible(wanted.output))}: ${visible(why)}`, {
      hint: "name another file with -o FILE, or print it with -o -",
      cause,
    });
  }
}
