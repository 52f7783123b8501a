import { Tofu3Error } from "../errors.ts";
import type { CurlSettings } from "./script/curlconfig.ts";
import { performBatch } from "./batch.ts";
import type { Shell } from "./shell.ts";
import type { Owner, PendingPage } from "./queue.ts";
import type { Page } from "../http/transport.ts";

/** A proxy that gets a request meant for a web server may well say nothing. */
const IDLE_SECONDS = 5;
const MOST_BYTES = 64 * 1024;

function wordsOf({ code, stage, message }: Tofu3Error): string | null {
  if (stage === "ssh") return message;
  if (stage !== "dns" && stage !== "connect") return null;
  if (code === "E_DNS") return "the VM cannot resolve its name";
  return code === "E_TIMEOUT" ? "the VM cannot connect to it in time" : "the VM cannot connect to it";
}

/**
 * Why the VM's curl cannot open a TCP connection to the host of this URL without a proxy, in words; null if it can,
 * whatever the answer. Rejects with the reason of `signal`, or of the end of `owner`.
 */
export async function refusalOf(
  url: string,
  shell: Shell,
  settings: CurlSettings,
  owner: Owner,
  signal: AbortSignal,
): Promise<string | null> {
  const query = { url, headers: [], maxBytes: MOST_BYTES, publicOnly: false, trust: null };
  const direct = { ...settings, proxy: null, limits: { ...settings.limits, idleSeconds: IDLE_SECONDS } };
  const asked = new Promise<Page>((resolve, reject) => {
    const item: PendingPage = { kind: "read", query, owner, key: url, signal, alone: true, resolve, reject };
    performBatch(shell, { kind: "batch", mode: "r", items: [item], room: MOST_BYTES }, direct).catch(reject);
  });
  return asked.then(
    () => null,
    (error: unknown) => {
      if (!(error instanceof Tofu3Error) || error.code === "E_STOPPED") throw error;
      return wordsOf(error);
    },
  );
}
