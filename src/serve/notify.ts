import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { messageOf, visible } from "../errors.ts";

const PATIENCE_MS = 5000;

/**
 * Tells systemd how far the service is (`Type=notify`), where NOTIFY_SOCKET says that it wants to know. Node has no
 * datagram sockets of the file system, so systemd's own program does: the unit needs `NotifyAccess=all`. What goes wrong
 * is told by `warn`: the gate works without.
 */
export async function notify(
  state: "READY=1" | "STOPPING=1",
  env: Readonly<Record<string, string | undefined>>,
  warn: (text: string) => void,
): Promise<void> {
  const socket = env["NOTIFY_SOCKET"];
  if (socket === undefined || socket === "") return;
  try {
    await promisify(execFile)("systemd-notify", [state], {
      timeout: PATIENCE_MS,
      env: { PATH: env["PATH"], NOTIFY_SOCKET: socket },
    });
  } catch (error) {
    warn(`cannot tell systemd ${state}: ${visible(messageOf(error), 300)}`);
  }
}
