import { setMaxListeners } from "node:events";
import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { Tofu3Error } from "../errors.ts";
import { tellError } from "./errors.ts";
import { EXIT_BROKEN, EXIT_INTERRUPTED, EXIT_OK, EXIT_USAGE } from "./exit.ts";
import { renderHelp, renderShortHelp } from "./argv/help.ts";
import type { Invocation } from "./argv/invocation.ts";
import type { Io } from "./io.ts";
import { COMMANDS } from "./argv/usage.ts";

/**
 * Runs the program with this process's arguments; resolves with its exit code. The first SIGINT, SIGTERM or SIGHUP ends
 * it cleanly, the second at once.
 */
export async function run(): Promise<number> {
  // one signal ends hundreds of exchanges: so many listeners are no leak, and Node would warn about them on stderr
  setMaxListeners(0);
  const controller = new AbortController();
  let ended = false;
  const interrupt = (name: NodeJS.Signals): void => {
    if (controller.signal.aborted || ended) process.exit(EXIT_INTERRUPTED);
    controller.abort(new Tofu3Error("E_INTERRUPTED", `interrupted by ${name}; nothing was released`));
    // who waits for the rest of a pipe waits no longer
    process.stdin.destroy();
  };
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    // replaces the handler that covered loading, without a gap between the two
    const earlier = process.listeners(name);
    process.on(name, interrupt);
    for (const each of earlier) process.off(name, each);
  }
  const io = processIo();
  const argv = process.argv.slice(2);
  process.on("uncaughtException", (error) =>
    process.exit(tellError(io.stderr, reasonOf(error, controller.signal), asksForTrace(argv))),
  );
  const lost = watchOutput();
  const code = await main(argv, io, controller.signal);
  ended = true;
  // whoever interrupts does not wait for a reader, however late
  if (!controller.signal.aborted) await Promise.all([process.stdout, process.stderr].map(written));
  else await new Promise((resolve) => setImmediate(resolve));
  setTimeout(() => process.exit(), 1000).unref();
  return lost() && code === EXIT_OK ? EXIT_BROKEN : code;
}

/** One run with everything it touches injected; the one place where errors end. Never rejects. */
export async function main(argv: readonly string[], io: Io, signal: AbortSignal): Promise<number> {
  let json = false;
  try {
    if (argv[0] === "__complete") return await (await import("./complete/complete.ts")).complete(argv.slice(1), io);
    const answer = await earlyAnswer(argv, io.version);
    if (answer !== null) {
      io.stdout.write(answer);
      return EXIT_OK;
    }
    if (argv.length === 0) {
      io.stderr.write(renderShortHelp());
      return EXIT_USAGE;
    }
    const { parseArgv } = await import("./argv/argv.ts");
    const invocation = parseArgv(argv);
    json = printsObject(invocation);
    return await dispatch(invocation, io, signal);
  } catch (error) {
    const reason = reasonOf(error, signal);
    if (json) io.stdout.write((await import("../report/failure.ts")).renderFailure(reason, io.version));
    return tellError(io.stderr, reason, asksForTrace(argv));
  }
}

/** Whoever asked for an object gets one, whatever happens; standard output of `exec` is its command's. */
function printsObject({ arguments: wanted, settings }: Invocation): boolean {
  return (settings.json && wanted.command !== "exec") || (wanted.command === "audit" && wanted.format === "json");
}

/** Loads each command on demand: help must not wait for HTTP and SSH. */
async function dispatch({ arguments: wanted, settings }: Invocation, io: Io, signal: AbortSignal): Promise<number> {
  switch (wanted.command) {
    case "verify":
      return (await import("./commands/verify.ts")).verifyCommand(wanted, settings, io, signal);
    case "exec":
      return (await import("./commands/exec.ts")).execCommand(wanted, settings, io, signal);
    case "inspect":
      return (await import("./commands/inspect.ts")).inspectCommand(wanted, settings, io, signal);
    case "history":
      return (await import("./commands/history.ts")).historyCommand(wanted, settings, io);
    case "judge":
      return (await import("./commands/judge.ts")).judgeCommand(wanted, settings, io);
    case "keygen":
      return (await import("./commands/keygen.ts")).keygenCommand(wanted, settings, io, signal);
    case "audit":
      return (await import("./commands/audit.ts")).auditCommand(wanted, settings, io, signal);
    case "pin":
      return (await import("./commands/pin.ts")).pinCommand(wanted, settings, io, signal);
    case "tags":
      return (await import("./commands/tags.ts")).tagsCommand(wanted, settings, io, signal);
    case "workers check":
      return (await import("./commands/workers.ts")).workersCheckCommand(wanted, settings, io, signal);
    case "workers script":
      return (await import("./commands/script.ts")).workersScriptCommand(io);
    case "serve config":
      return (await import("./commands/serveconfig.ts")).serveConfigCommand(wanted, settings, io);
    case "serve check":
      return (await import("./commands/servecheck.ts")).serveCheckCommand(wanted, settings, io, signal);
    case "serve":
      return (await import("./commands/serve.ts")).serveCommand(wanted, settings, io, signal);
    case "serve clear":
      return (await import("./commands/serveclear.ts")).serveClearCommand(wanted, settings, io);
    case "init":
      return (await import("./commands/init.ts")).initCommand(wanted, settings, io, signal);
    case "workers setup":
      return (await import("./commands/workerssetup.ts")).workersSetupCommand(wanted, settings, io, signal);
    case "completion":
      return (await import("./commands/completion.ts")).completionCommand(wanted, io);
    case "demo":
      return (await import("./commands/demo.ts")).demoCommand(wanted, settings, io, signal);
  }
}

/** Those before a `--`. */
function ownWords(argv: readonly string[]): readonly string[] {
  const end = argv.indexOf("--");
  return end === -1 ? argv : argv.slice(0, end);
}

/**
 * The text for `--help` and `--version` anywhere before a `--`, and for `tofu3 help`; answers before yargs is loaded.
 */
async function earlyAnswer(argv: readonly string[], version: string): Promise<string | null> {
  const words = ownWords(argv);
  if (words[0] === "help" && words.every((word) => !word.startsWith("-")))
    return (await import("./argv/topics.ts")).renderTopic(words.slice(1));
  if (words[0] === "help" || words.some((word) => /^(--help(=true)?|-[qV]*h[qhV]*)$/.test(word)))
    return renderHelp(topicOf(words));
  return words.some((word) => /^(--version(=true)?|-q*Vq*)$/.test(word)) ? `${version}\n` : null;
}

function topicOf(words: readonly string[]): string | null {
  const names = COMMANDS.flatMap(({ name }) => [name, ...name.split(" ").slice(0, -1)]);
  for (let start = 0; start < words.length; start++) {
    const topic = [words.slice(start, start + 2).join(" "), words[start]].find(
      (text) => text !== undefined && names.includes(text),
    );
    if (topic !== undefined) return topic;
  }
  return null;
}

/** Anything thrown after a signal is a consequence of that signal. */
function reasonOf(thrown: unknown, signal: AbortSignal): unknown {
  return signal.aborted ? signal.reason : thrown;
}

function asksForTrace(argv: readonly string[]): boolean {
  return /(?:^| )--(?:debug|log-level[= ](?:debug|trace))(?: |$)/.test(ownWords(argv).join(" "));
}

/** Resolves once whoever reads the stream has taken everything written to it, or has closed it. */
function written(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => stream.write("", () => setImmediate(resolve)));
}

/** A closed pipe (`| head -1`) is no error; a result that could not be written is. */
function watchOutput(): () => boolean {
  let lost = false;
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE" || lost) return;
    lost = true;
    process.stderr.write(`tofu3: error: cannot write the result to standard output: ${error.code ?? error.message}\n`);
  });
  process.stderr.on("error", () => undefined);
  return () => lost;
}

function processIo(): Io {
  const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
    version: string;
  };
  return {
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    env: process.env,
    cwd: process.cwd(),
    home: homedir(),
    now: () => new Date(),
    version,
  };
}
