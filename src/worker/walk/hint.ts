import type { ErrorCode } from "../../errors.ts";

/** Hints for faults whose thrower, a transport or a parser, cannot know what to do. */
const HINTS: Partial<Record<ErrorCode, string>> = {
  E_DNS: "check the name of the registry, and the name servers of this worker",
  E_CONNECT:
    "check that this worker may reach the registry: tofu3 workers check --registry HOST asks it from every worker",
  E_TLS: "something on the way may be posing as the registry; for an authority of your own set registries.HOST.caFile",
  E_TIMEOUT: "try again, or raise the time limits in the configuration",
  E_CUT: "the connection of this worker breaks: try again, or look from another network",
  E_FRAMING: "a proxy or server on the way is broken or lying; compare with what another network sees",
  E_TOO_LARGE: "no artifact should need that much; the limits are in the configuration",
  E_REDIRECT: "this is not followed; compare with what another network sees",
  E_TOKEN: "compare with what another network sees",
  E_CHALLENGE: "compare with what another network sees",
  E_MANIFEST: "compare with what another network sees: tofu3 inspect --raw REFERENCE prints what this machine gets",
  E_MEDIA_TYPE: "compare with what another network sees: tofu3 inspect --raw REFERENCE prints what this machine gets",
  E_SSH: "tofu3 workers check",
  E_VM_REPLY: "tofu3 workers check",
};

/** Null for codes that always come with a hint, or for which there is nothing to do. */
export function hintFor(code: ErrorCode): string | null {
  return HINTS[code] ?? null;
}
