import { spawn } from "node:child_process";
import { once } from "node:events";
import { asError, messageOf, Tofu3Error } from "../../errors.ts";
import { asRoot, NEEDS_PASSWORD } from "../../setup/command.ts";
import { sshWords, type Destination } from "../../setup/destination.ts";
import type { Io } from "../io.ts";

/**
 * Runs the script as root with the user's own ssh program: their ~/.ssh/config, agent, jump hosts, known_hosts and passwords.
 * What it prints goes to stderr at once and is returned. If sudo has to ask, the VM has a terminal, too.
 * Throws E_SSH.
 */
export async function runUserSsh(
  destination: Destination,
  script: string,
  io: Io,
  signal: AbortSignal,
): Promise<string> {
  const quiet = await runOnce(destination, asRoot(script, false), false, io, signal);
  const asks = quiet.code === NEEDS_PASSWORD;
  const { code, output } = asks
    ? await runOnce(destination, asRoot(script, true), io.stdin.isTTY === true, io, signal)
    : quiet;
  if (code === 0) return output;
  const { host } = destination;
  if (code === 255)
    throw new Tofu3Error("E_SSH", `ssh does not reach ${JSON.stringify(host)}: it says why above`, {
      hint: `try it by hand: ssh ${host}`,
    });
  throw new Tofu3Error("E_SSH", `the script did not finish on ${JSON.stringify(host)}: status ${code ?? "unknown"}`, {
    hint: "it says why above; log in as root, or as a user who may use sudo",
  });
}

async function runOnce(
  destination: Destination,
  command: string,
  asks: boolean,
  io: Io,
  signal: AbortSignal,
): Promise<{ readonly code: number | null; readonly output: string }> {
  const child = spawn("ssh", [...(asks ? ["-t"] : []), ...sshWords(destination), command], {
    stdio: [asks ? "inherit" : "ignore", "pipe", "inherit"],
    env: io.env,
    signal,
  });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
    io.stderr.write(text);
  });
  let code: number | null;
  try {
    [code] = (await once(child, "close")) as [number | null];
  } catch (cause) {
    signal.throwIfAborted();
    throw new Tofu3Error("E_SSH", `cannot run ssh: ${messageOf(asError(cause))}`, {
      hint: "install OpenSSH's client, or leave out --apply and copy the script",
      cause,
    });
  }
  signal.throwIfAborted();
  return { code, output };
}
