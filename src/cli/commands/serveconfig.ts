import { findConfig } from "../../config/load.ts";
import { registryName } from "../../config/registryname.ts";
import { defaultServe } from "../../config/serve.ts";
import { Tofu3Error, visible } from "../../errors.ts";
import { jsonText } from "../../report/json.ts";
import { configText } from "../../serve/clients/clients.ts";
import { doorsOf } from "../../serve/clients/doors.ts";
import type { ServeConfigArguments } from "../argv/commands/serveclients.ts";
import type { Settings } from "../argv/settings.ts";
import { EXIT_OK } from "../exit.ts";
import type { Io } from "../io.ts";

/** Prints what makes a client fail closed, and nothing else, so that it can be redirected to where it goes. */
export async function serveConfigCommand(wanted: ServeConfigArguments, settings: Settings, io: Io): Promise<number> {
  const config = await findConfig(settings.config, io);
  const doors = doorsOf(config?.serve ?? defaultServe(), wanted.gate);
  const registry = wanted.registry === null ? null : registryName(wanted.registry);
  if (wanted.registry !== null && registry === null)
    throw new Tofu3Error("E_USAGE", `"${visible(wanted.registry, 100)}" is no registry`, {
      hint: "--registry takes host or host:port: --registry ghcr.io",
    });
  const text = configText(wanted.client, doors, registry);
  const object = { schemaVersion: 1, tool: { name: "tofu3", version: io.version }, client: wanted.client, text };
  io.stdout.write(settings.json ? jsonText(object) : text);
  return EXIT_OK;
}
