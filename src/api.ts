import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { cwd, env } from "node:process";
import { loadConfig } from "./config/load.ts";
import type { Evidence } from "./model/evidence.ts";
import type { Watch } from "./model/progress.ts";
import { subjectOf } from "./model/subject.ts";
import { parseReference } from "./oci/reference.ts";
import { verify as verifyWith } from "./coordinator/verify.ts";

/** What `tofu3 verify` takes as flags; all of it may be left out. */
export interface VerifyOptions {
  /** `OS/ARCH[/VARIANT][:OSVERSION]` */
  readonly platform?: string;
  readonly osVersion?: string;
  readonly bottle?: string;
  /** As `-o DEST`. */
  readonly output?: string;
  readonly force?: boolean;
  /** Path of a tofu3.yaml; looked for as the command does otherwise. */
  readonly config?: string;
  readonly authfile?: string;
  /** The process's own unless given. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly home?: string;
  readonly cwd?: string;
  readonly watch?: Watch;
  readonly signal?: AbortSignal;
}

function version(): string {
  const { version: text } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as { version: string };
  return text;
}

/**
 * What `tofu3 verify` does, without a terminal: nobody is asked for a passphrase. Resolves with the evidence whatever the outcome; throws Tofu3Error for a
 * reference, a configuration or a destination that cannot be used, and the signal's reason when it was aborted before there was a verdict. What was agreed and
 * could not be released has `released: null` and a `releaseError`.
 */
export async function verify(reference: string, options: VerifyOptions = {}): Promise<Evidence> {
  const surroundings = { env: options.env ?? env, home: options.home ?? homedir(), cwd: options.cwd ?? cwd() };
  const config = await loadConfig(options.config ?? null, surroundings);
  const request = {
    reference,
    subject: subjectOf(parseReference(reference)),
    platform: options.platform ?? null,
    osVersion: options.osVersion ?? null,
    bottle: options.bottle ?? null,
    destination: options.output ?? null,
    force: options.force ?? false,
  };
  const runtime = {
    config,
    ...surroundings,
    authfile: options.authfile ?? null,
    now: () => new Date(),
    version: version(),
    passphrase: null,
    log: () => undefined,
  };
  return verifyWith(request, runtime, options.watch ?? (() => undefined), options.signal ?? new AbortController().signal);
}
