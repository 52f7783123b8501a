import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Tofu3Error } from "../errors.ts";
import type { GateSettings } from "../model/gate.ts";
import type { Limits } from "../model/job.ts";
import type { Distinct } from "../model/policy.ts";

export interface Defaults {
  readonly policy: {
    readonly distinct: Distinct[];
    readonly days: number;
    readonly onChange: "notice" | "fail";
    readonly echo: string[];
    readonly geo: { readonly country?: string; readonly asn?: string };
  };
  readonly limits: Limits;
  readonly serve: GateSettings & {
    readonly listen: string[];
    readonly upstreams: string[];
    readonly hosts: string[];
  };
}

/**
 * The package's `config/defaults.json`, at the same relative path from `src/` and `dist/`. Throws E_BUG if the package
 * is broken.
 */
export function readDefaults(): Defaults {
  const file = new URL("../../config/defaults.json", import.meta.url);
  try {
    return JSON.parse(readFileSync(file, "utf8")) as Defaults;
  } catch (cause) {
    throw new Tofu3Error("E_BUG", `cannot read the defaults of tofu3 at ${JSON.stringify(file.pathname)}`, {
      cause,
      hint: "install tofu3 again",
    });
  }
}

/** The package's JSON Schema, for editors; null where it will not stay: npx throws its copy away. */
export function schemaFile(): string | null {
  const file = fileURLToPath(new URL("../../config/tofu3.schema.json", import.meta.url));
  return file.includes("/_npx/") || !existsSync(file) ? null : file;
}
