import type { ErrorCode } from "../../errors.ts";

/** Hints for faults whose thrower, a transport or a parser, cannot know what to do. */
const HINTS: Partial<Record<ErrorCode, string>> = {
  E_DNS: "check the name of the registry, and the name servers of this vantage",
  E_CONNECT: "check that this vantage may reach the registry: tofu3 workers check --registry HOST asks it from every worker",
  E_TLS: "something on this vantage's way may pose as the registry; an authority of your own goes into registries.HOST.caFile",
  E_TIMEOUT: "try again; limits in the configuration say how long is waited",
  E_CUT: "the connection of this vantage breaks: try again, or look from another network",
  E_FRAMING: "a proxy or a server on this vantage's way is broken or lies; compare with what another network sees",
  E_TOO_LARGE: "no artifact needs that; limits in the configuration say how much is read",
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
