import { execFile } from "node:child_process";
import { z } from "zod";
import { Tofu3Error } from "../../errors.ts";
import type { Credentials } from "../../model/credentials.ts";
import { Secret } from "../../secret.ts";

type Env = Readonly<Record<string, string | undefined>>;

const LIMIT_SECONDS = 30;
const LIMIT_BYTES = 64 * 1024;

const answer = z.object({ Username: z.string(), Secret: z.string() });

/** A helper's output may be a password, so none of it goes into an error. */
function trouble(program: string, server: string, what: string, cause?: unknown): Tofu3Error {
  return new Tofu3Error(
    "E_CREDENTIALS",
    `cannot get the credentials for ${JSON.stringify(server)}: ${program} ${what}`,
    {
      hint: `echo ${server} | ${program} get`,
      cause,
    },
  );
}

interface Ended {
  /** A number if it exited, null if a signal killed it, a word if Node could not run it to the end. */
  readonly status: number | string | null;
  readonly output: string;
  readonly late: boolean;
  readonly cause: unknown;
}

/** Runs without a shell, with the server on stdin. Killed on timeout, on too much output, and by the signal. */
function run(program: string, server: string, env: Env, limitSeconds: number, signal: AbortSignal): Promise<Ended> {
  const limits = { timeout: limitSeconds * 1000, maxBuffer: LIMIT_BYTES, killSignal: "SIGKILL" } as const;
  // execFile waits without limit for stdout, which a child may hold open after the helper itself is gone
  const late = AbortSignal.timeout(limits.timeout);
  return new Promise((resolve, reject) => {
    const options = { ...limits, env: { ...env }, signal, windowsHide: true };
    const child = execFile(program, ["get"], options, (error, output) => {
      // on abort execFile sends only SIGTERM
      child.kill("SIGKILL");
      if (signal.aborted) reject(signal.reason instanceof Error ? signal.reason : new Error(String(signal.reason)));
      else resolve({ status: error === null ? 0 : (error.code ?? null), output, late: late.aborted, cause: error });
    });
    // a helper that does not read stdin is judged by its answer
    child.stdin?.on("error", () => undefined);
    child.stdin?.end(server);
  });
}

/** What went wrong while it ran; null if it exited. No cause for a failed exit: it would contain stderr. */
function troubleOf(ended: Ended, limitSeconds: number): readonly [what: string, cause?: unknown] | null {
  const { status, late, cause } = ended;
  if (status === "ERR_CHILD_PROCESS_STDIO_MAXBUFFER") return [`answered with more than ${LIMIT_BYTES} bytes`];
  if (typeof status === "string") return [`cannot be run (${status})`, cause];
  if (late) return [`gave no answer within ${limitSeconds} seconds`];
  return status === null ? ["was killed"] : null;
}

function parseAnswer(output: string): z.output<typeof answer> | null {
  try {
    return answer.safeParse(JSON.parse(output)).data ?? null;
  } catch {
    return null;
  }
}

/** How to run a credential helper; `limitSeconds` is 30 except in tests. */
export interface HelperOptions {
  readonly env: Env;
  readonly limitSeconds?: number;
}

/**
 * `docker-credential-NAME get` of docker/docker-credential-helpers: server on stdin, JSON on stdout, user `<token>` for
 * an identity token. Null if the helper says that it has none. Throws E_CREDENTIALS.
 */
export async function askHelper(
  name: string,
  server: string,
  options: HelperOptions,
  signal: AbortSignal,
): Promise<Credentials | null> {
  signal.throwIfAborted();
  if (!/^[A-Za-z0-9._-]+$/.test(name)) {
    throw new Tofu3Error("E_CREDENTIALS", "credsStore or credHelpers has something that is not the name of a helper", {
      hint: 'they name a program "docker-credential-NAME" by its NAME: letters, digits, dots, dashes, underscores',
    });
  }
  const program = `docker-credential-${name}`;
  const limitSeconds = options.limitSeconds ?? LIMIT_SECONDS;
  const ended = await run(program, server, options.env, limitSeconds, signal);
  const wrong = troubleOf(ended, limitSeconds);
  if (wrong !== null) throw trouble(program, server, ...wrong);
  const { status, output } = ended;
  if (status !== 0) {
    if (/credentials not found/i.test(output)) return null;
    throw trouble(program, server, `failed with status ${status ?? ""}`);
  }
  const found = parseAnswer(output);
  if (found === null) throw trouble(program, server, "did not answer with Username and Secret in JSON");
  if (found.Secret === "") return null;
  if (found.Username === "<token>") return { identityToken: new Secret(found.Secret) };
  return { username: found.Username, password: new Secret(found.Secret) };
}
