import { spawn } from "node:child_process";
import { z } from "zod";
import { messageOf, Tofu3Error } from "../../errors.ts";
import type { Credentials } from "../../model/credentials.ts";
import { Secret } from "../../secret.ts";

type Env = Readonly<Record<string, string | undefined>>;

const LIMIT_SECONDS = 30;
const LIMIT_BYTES = 64 * 1024;

const answer = z.object({ Username: z.string(), Secret: z.string() });

interface Ended {
  readonly status: number | null;
  readonly output: string;
}

/** What it writes may be a password, so nothing of it goes into an error. */
function trouble(program: string, server: string, what: string, cause?: unknown): Tofu3Error {
  return new Tofu3Error("E_CREDENTIALS", `cannot get the credentials for ${JSON.stringify(server)}: ${program} ${what}`, {
    hint: `echo ${server} | ${program} get`,
    cause,
  });
}

/** No shell; the server goes over stdin. The helper is killed at the limit of time or of output, and when the signal says so. */
function run(program: string, server: string, env: Env, limitSeconds: number, signal: AbortSignal): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, ["get"], { env: { ...env }, stdio: ["pipe", "pipe", "ignore"], shell: false, windowsHide: true });
    const chunks: Buffer[] = [];
    let size = 0;
    const end = (error: Error): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", abort);
      child.kill("SIGKILL");
      child.stdout.destroy();
      child.stdin.destroy();
      reject(error);
    };
    const abort = (): void => end(signal.reason instanceof Error ? signal.reason : new Error(String(signal.reason)));
    const timer = setTimeout(
      () => end(trouble(program, server, `gave no answer within ${limitSeconds} seconds`)),
      limitSeconds * 1000,
    );
    signal.addEventListener("abort", abort, { once: true });
    child.once("error", (error) =>
      end(trouble(program, server, `cannot be run (${"code" in error ? String(error.code) : messageOf(error)})`, error)),
    );
    child.stdout.on("data", (chunk: Buffer) => {
      size += chunk.length;
      if (size > LIMIT_BYTES) end(trouble(program, server, `answered with more than ${LIMIT_BYTES} bytes`));
      else chunks.push(chunk);
    });
    child.once("close", (status) => {
      clearTimeout(timer);
      signal.removeEventListener("abort", abort);
      resolve({ status, output: Buffer.concat(chunks).toString("utf8") });
    });
    // a helper that does not read its stdin is judged by its answer
    child.stdin.on("error", () => undefined);
    child.stdin.end(server);
  });
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
  const { status, output } = await run(program, server, options.env, options.limitSeconds ?? LIMIT_SECONDS, signal);
  if (status !== 0) {
    if (/credentials not found/i.test(output)) return null;
    throw trouble(program, server, status === null ? "was killed" : `failed with status ${status}`);
  }
  const found = parseAnswer(output);
  if (found === null) throw trouble(program, server, "did not answer with Username and Secret in JSON");
  if (found.Secret === "") return null;
  if (found.Username === "<token>") return { identityToken: new Secret(found.Secret) };
  return { username: found.Username, password: new Secret(found.Secret) };
}
