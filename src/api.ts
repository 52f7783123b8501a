import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { cwd, env } from "node:process";
import { loadConfig } from "./config/load.ts";
import type { Evidence } from "./model/evidence.ts";
import type { Watch } from "./model/progress.ts";
import { parseFileUrl } from "./file/url.ts";
import { formatSubject, isFile, parseSubject } from "./model/subject.ts";
import { verify as verifyWith, type VerifyRequest } from "./coordinator/verify.ts";

/** The flags of `tofu3 verify`, all optional. */
export interface VerifyOptions {
  /** `OS/ARCH[/VARIANT][:OSVERSION]` */
  readonly platform?: string;
  readonly osVersion?: string;
  readonly bottle?: string;
  /** As `-o DEST`. */
  readonly output?: string;
  readonly force?: boolean;
  /** As `--days`. */
  readonly days?: number;
  /** As `--keep-evidence`. */
  readonly keepEvidence?: string;
  /** Path of a tofu3.yaml; found as the command finds it unless given. */
  readonly config?: string;
  readonly authfile?: string;
  /** Defaults to the process's own. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly home?: string;
  readonly cwd?: string;
  readonly watch?: Watch;
  readonly signal?: AbortSignal;
}

function version(): string {
  const { version: text } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as {
    version: string;
  };
  return text;
}

function namedBy(text: string): Pick<VerifyRequest, "reference" | "subject" | "url"> {
  const subject = parseSubject(text);
  if (!isFile(subject)) return { reference: text, subject };
  return { reference: formatSubject(subject), subject, url: parseFileUrl(text).url };
}

/**
 * Does what `tofu3 verify` does, but never prompts for a passphrase. Resolves with the evidence whatever the outcome.
 * Throws Tofu3Error when the reference, the configuration or the destination cannot be used, and the signal's reason
 * when aborted before the verdict. If an agreed artifact cannot be released, `released` is null and `releaseError` says
 * why.
 */
export async function verify(reference: string, options: VerifyOptions = {}): Promise<Evidence> {
  const surroundings = { env: options.env ?? env, home: options.home ?? homedir(), cwd: options.cwd ?? cwd() };
  const config = await loadConfig(options.config ?? null, surroundings);
  const request = {
    ...namedBy(reference),
    platform: options.platform ?? null,
    osVersion: options.osVersion ?? null,
    bottle: options.bottle ?? null,
    destination: options.output ?? null,
    force: options.force ?? false,
    days: options.days ?? null,
    keepEvidence: options.keepEvidence ?? null,
    remember: true,
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
  return verifyWith(
    request,
    runtime,
    options.watch ?? (() => undefined),
    options.signal ?? new AbortController().signal,
  );
}
