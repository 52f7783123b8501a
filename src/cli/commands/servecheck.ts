import { resolve } from "node:path";
import { findConfig } from "../../config/load.ts";
import { defaultServe } from "../../config/serve.ts";
import { storePlace } from "../../config/state.ts";
import { jsonText } from "../../report/json.ts";
import type { Paint } from "../../report/paint.ts";
import { checkClient, type CheckReport } from "../../serve/clients/check.ts";
import { doorsOf } from "../../serve/clients/doors.ts";
import type { ServeCheckArguments } from "../argv/commands/serveclients.ts";
import type { Settings } from "../argv/settings.ts";
import { paintFor } from "../color.ts";
import { EXIT_OK, exitOf } from "../exit.ts";
import type { Io } from "../io.ts";

const HOSTS = "/etc/containerd/certs.d";

/** Returns 0 for a client that fails closed, 10 for one that fails open, 12 if it cannot be told. */
export async function serveCheckCommand(
  wanted: ServeCheckArguments,
  settings: Settings,
  io: Io,
  signal: AbortSignal,
): Promise<number> {
  const { client, image, gate, timeoutSeconds } = wanted;
  const config = await findConfig(settings.config, io);
  const serve = config?.serve ?? defaultServe();
  const request = {
    ...{ client, image, doors: doorsOf(serve, gate) },
    store: wanted.store === null ? storePlace(serve, io) : resolve(io.cwd, wanted.store),
    hosts: resolve(io.cwd, wanted.hosts ?? HOSTS),
    timeoutMs: timeoutSeconds * 1000,
  };
  const report = await checkClient(request, { env: io.env, now: io.now }, signal);
  const { kind, ...others } = report;
  const object = { schemaVersion: 1, tool: { name: "tofu3", version: io.version }, ...others, outcome: kind };
  io.stdout.write(settings.json ? jsonText(object) : sentence(report, paintFor(io.stdout, io.env, settings.color)));
  if (kind === "open" && !settings.quiet && !settings.json) io.stderr.write(`tofu3: hint: ${cure(report)}\n`);
  return kind === "closed" ? EXIT_OK : exitOf(kind === "open" ? "disagreed" : "incomplete");
}

function sentence({ client, kind, because }: CheckReport, paint: Paint): string {
  switch (kind) {
    case "closed":
      return `${client} ${paint.good("fails closed")}: ${because}\n`;
    case "open":
      return `${client} ${paint.bad("FAILS OPEN")}, because ${because}\n`;
    case "unknown":
      return `${client}: ${paint.unsure("unknown")}, because ${because}\n`;
  }
}

function cure({ client }: CheckReport): string {
  const text = `tofu3 serve config ${client} prints what closes it`;
  return client === "docker" ? `${text}, from Docker 29 on; before, tofu3 serve config docker-28` : text;
}
