import type { Explanation } from "./explanation.ts";

type ExchangeCode =
  | "E_DNS"
  | "E_CONNECT"
  | "E_TLS"
  | "E_TIMEOUT"
  | "E_CUT"
  | "E_FRAMING"
  | "E_ENCODING"
  | "E_TOO_LARGE"
  | "E_ADDRESS"
  | "E_PROXY";

/** The way from a worker to the registry. */
export const EXCHANGE: Readonly<Record<ExchangeCode, Explanation>> = {
  E_DNS: {
    title: "the name of the registry cannot be resolved",
    where: "At one worker (stage `dns`), after a few retries.",
    cause: "The name is misspelt, or the resolver of that worker fails or hides the name.",
    cure: "If it is so at every worker, check the spelling. If at one only, check its resolver: `cat /etc/resolv.conf`.",
  },
  E_CONNECT: {
    title: "the registry does not take a connection",
    where: "At one worker (stage `connect`), after a few retries.",
    cause: "Nothing listens at that address and port, or a firewall or the route of that worker is in the way.",
    cure: "`tofu3 workers check --registry HOST` asks the registry from every worker.",
  },
  E_TLS: {
    title: "there is no TLS connection that can be trusted",
    where: "At one worker (stage `tls`).",
    cause:
      "The certificate is for another name, has expired, or comes from an authority that the worker does not know; or the server speaks plain HTTP. If it happens at one worker only, somebody on its way may be intercepting TLS.",
    cure: "Compare the certificate with what another worker sees, and check the worker's clock. For a registry of your own, with an authority of its own, set `caFile` in `registries:`; for one without TLS, `plainHttp: true`. Never do so for a registry that is not yours.",
  },
  E_TIMEOUT: {
    title: "a time limit was reached",
    where: "At one worker. The message names the limit and its value.",
    cause:
      "The registry, the network or the VM is slower than the limit allows: `connectSeconds` for a connection, `idleSeconds` without a byte, `totalSeconds` for the whole job.",
    cure: "Run it again. If the worker is only slow, raise the limit in the configuration, for example `limits: { totalSeconds: 7200 }`.",
  },
  E_CUT: {
    title: "the connection broke",
    where: "At one worker, after retries and attempts to resume.",
    cause: "The network of that worker, a proxy or the registry closed the connection before the answer was complete.",
    cure: "Run it again. If it happens at one worker only, look from another network.",
  },
  E_FRAMING: {
    title: "the answer is not clean HTTP",
    where: "At one worker (stage `http` or `body`).",
    cause:
      "Headers or framing that two readers may understand differently: a broken or lying server or proxy on the way.",
    cure: "Compare with what the other workers got. If it is one worker only, look for a proxy on its way.",
  },
  E_ENCODING: {
    title: "the answer has a Content-Encoding",
    where: "At one worker (stage `http`).",
    cause:
      "The bytes were compressed on the way, although tofu3 asks for them unchanged. They cannot be hashed as they are.",
    cure: "Look for a proxy that compresses. A registry has no reason to.",
  },
  E_TOO_LARGE: {
    title: "the answer is larger than allowed",
    where: "At one worker (stage `body`).",
    cause: "A document is longer than `limits.manifestBytes`, or a body longer than it may be at that place.",
    cure: "No usual artifact needs more than the default. If yours does, raise the limit in the configuration.",
  },
  E_ADDRESS: {
    title: "the address is not public",
    where: "At one worker, before a connection or right after the name was resolved.",
    cause:
      "A redirect, a token service or a reference that strangers wrote leads to this machine or to a private network.",
    cure: "A public registry has no reason to lead there. Compare with the other workers. For a registry of your own, name it by its private address.",
  },
  E_PROXY: {
    title: "the proxy does not do its part",
    where: "At a worker that has a `proxy:` (stage `connect` or `dns`).",
    cause: "The proxy is off, its URL or its credentials are wrong, or it refuses to connect to the registry.",
    cure: "Check `proxy:` of that worker. A remote worker uses it from the VM, so `127.0.0.1` there is the VM. `tofu3 workers check` tries it.",
  },
};
