import { execFile } from "node:child_process";
import { z } from "zod";
import { Tofu3Error } from "../../errors.ts";
import type { Credentials } from "../../model/credentials.ts";
import { Secret } from "../../secret.ts";

type Env = Readonly<Record<string, string | undefined>>;

const LIMIT_SECONDS = 30;
const LIMIT_BYTES = 64 * 1024;

const answer = z.object({ Username: z.string(), Secret: z.string() });

/** What it writes may be a password, so nothing of it goes into an error. */
function trouble(program: string, server: string, what: string, cause?: unknown): Tofu3Error {
  return new Tofu3Error("E_CREDENTIALS", `cannot get the credentials for ${JSON.stringify(server)}: ${program} ${what}`, {
    hint: `echo ${server} | ${program} get`,
    cause,
  });
}

interface Ended {
  /** A number when it exited, null when a signal ended it, a word when Node could not run it to its end. */
  readonly status: number | string | null;
  readonly output: string;
  readonly late: boolean;
  readonly cause: unknown;
}

/** No shell; the server goes over stdin. Killed at the limit of time or of output, and when the signal says so. */
function run(program: string, server: string, env: Env, limitSeconds: number, signal: AbortSignal): Promise<Ended> {
  const limits = { timeout: limitSeconds * 1000, maxBuffer: LIMIT_BYTES, killSignal: "SIGKILL" } as const;
  // execFile takes the answer of a helper that went away and left its stdout open to a child, however late it is
  const late = AbortSignal.timeout(limits.timeout);
  return new Promise((resolve, reject) => {
    const options = { ...limits, env: { ...env }, signal, windowsHide: true };
    const child = execFile(program, ["get"], options, (error, output) => {
      // for the signal execFile has only SIGTERM
      child.kill("SIGKILL");
      if (signal.aborted) reject(signal.reason instanceof Error ? signal.reason : new Error(String(signal.reason)));
      else resolve({ status: error === null ? 0 : (error.code ?? null), output, late: late.aborted, cause: error });
    });
    // a helper that does not read its stdin is judged by its answer
    child.stdin?.on("error", () => undefined);
    child.stdin?.end(server);
  });
}

/** What went wrong while it ran; null when it came to its end. The cause of what it exited with would hold its stderr. */
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

/** How a credential helper is run; `limitSeconds` is 30 but for tests. */
export interface HelperOptions {
  readonly env: Env;
  readonly limitSeconds?: number;
}

/**
 * `docker-credential-NAME get`, as docker/docker-credential-helpers has it: server on stdin, JSON on stdout, the user `<token>` for an
 * identity token. null when the helper says that it has none. Throws E_CREDENTIALS.
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
