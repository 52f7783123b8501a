import { guard, type Guard } from "./guard.ts";

const AUTH = "test/worker/fetch/auth.test.ts";
const PUBLIC = "test/worker/fetch/public.test.ts › a job that is for public addresses only";
const REDIRECT = "test/worker/fetch/redirect.test.ts";

/** Where a worker goes, and to whom it shows what. */
export const WAY_GUARDS: readonly Guard[] = [
  ...guard(
    "nothing from a private address counts",
    {
      file: "src/worker/fetch/redirect.ts",
      from: "if (needsPublicAddress(registry, target) === null)",
      to: "if (false)",
      test: `${REDIRECT} › not followed › to https://169.254.169.254/latest/meta-data/`,
    },
    {
      file: "src/worker/fetch/registry.ts",
      from: "if (registry.loopback && isLoopbackHost(url.hostname))",
      to: "if (isLoopbackHost(url.hostname))",
      test: `${REDIRECT} › not followed › to https://127.0.0.1/x`,
    },
    {
      file: "src/worker/fetch/registry.ts",
      from: "if (!registry.publicOnly)",
      to: "if (true)",
      test: `${PUBLIC} › asks the registry, its token service and whatever it redirects to for a public address`,
    },
    {
      file: "src/worker/fetch/registry.ts",
      from: "if (publicOnly) refusePrivateHost(secure",
      to: "if (false) refusePrivateHost(secure",
      test: `${PUBLIC} › asks nothing of %s`,
    },
    {
      file: "src/worker/fetch/exchange.ts",
      from: "publicOnly: needsPublicAddress(session.registry, ask.url) !== false,",
      to: "publicOnly: false,",
      test: `${REDIRECT} › followed › to $what: Authorization $authorised, public addresses only $publicOnly`,
    },
    {
      file: "src/worker/fetch/token.ts",
      from: "publicOnly: needsPublicAddress(registry, realm) !== false,",
      to: "publicOnly: false,",
      test: `${AUTH} › where a token is asked for › $registry: at $realm, public addresses only: $publicOnly`,
    },
    {
      file: "src/worker/fetch/token.ts",
      from: "if (needsPublicAddress(registry, realm) === null)",
      to: "if (false)",
      test: `${AUTH} › not at https://169.254.169.254/latest`,
    },
  ),
  ...guard(
    "a redirect never leads",
    {
      file: "src/worker/fetch/redirect.ts",
      from: 'if (from.protocol === "https:" && target.protocol !== "https:")',
      to: "if (false)",
      test: `${REDIRECT} › not followed › to http://cdn.example/x`,
    },
    {
      file: "src/worker/fetch/redirect.ts",
      from: 'if (target.protocol !== "https:" && target.protocol !== "http:")',
      to: "if (false)",
      test: `${REDIRECT} › where the registry is › http to ftp: E_REDIRECT`,
    },
    {
      file: "src/worker/fetch/redirect.ts",
      from: 'if (target.username !== "" || target.password !== "")',
      to: "if (false)",
      test: `${REDIRECT} › not followed › to https://u:p@cdn.example/x`,
    },
    {
      file: "src/worker/fetch/redirect.ts",
      from: "location.length > LONGEST_LOCATION",
      to: "false",
      test: `${REDIRECT} › not followed › to %s`,
    },
    {
      file: "src/worker/fetch/exchange.ts",
      from: "visited.size > session.limits.redirects",
      to: "visited.size > session.limits.redirects + 1",
      test: `${REDIRECT} › within limits.redirects`,
    },
    {
      file: "src/worker/fetch/exchange.ts",
      from: "if (visited.has(target.href)) throw",
      to: "if (visited.has(target.href)) return { answer, url }; else if (false) throw",
      test: `${REDIRECT} › not followed › in a circle: E_REDIRECT`,
    },
  ),
  ...guard(
    "credentials go to their own registry",
    {
      file: "src/worker/fetch/notebook.ts",
      from: "sent?.isIn(head) === true || ",
      to: "",
      test: "test/worker/walk/way.test.ts › an unexpected answer › a registry that repeats the token, and %s: nothing of that body is noted",
    },
    {
      file: "src/worker/fetch/exchange.ts",
      from: "pass.header !== null && isOrigin(session.registry, ask.url)",
      to: "pass.header !== null",
      test: `${REDIRECT} › the query for one hop has Authorization for the registry's own origin only`,
    },
    {
      file: "src/worker/fetch/exchange.ts",
      from: "const own = isOrigin(registry, ask.url);",
      to: "const own = true;",
      test: `${REDIRECT} › not followed › to a place that asks for credentials: E_AUTH`,
    },
    {
      file: "src/worker/fetch/registry.ts",
      from: "url.origin === registry.base.origin",
      to: "url.hostname === registry.base.hostname",
      test: `${REDIRECT} › followed › to $what: Authorization $authorised, public addresses only $publicOnly`,
    },
    {
      file: "src/worker/fetch/registry.ts",
      from: "return { ca: own.ca, clientCertificate: null };",
      to: "return own;",
      test: `${REDIRECT} › where the registry is › trust of $what`,
    },
    {
      file: "src/worker/fetch/token.ts",
      from: 'realm.protocol !== "https:" && realm.protocol !== registry.base.protocol',
      to: "false",
      test: `${AUTH} › not at http://auth.example/token`,
    },
    {
      file: "src/worker/fetch/token.ts",
      from: 'if (realm.username !== "" || realm.password !== "")',
      to: "if (false)",
      test: `${AUTH} › not at https://user:pw@auth.example/token`,
    },
    {
      file: "src/worker/fetch/token.ts",
      from: 'url.searchParams.set("scope", scopeOf(registry));',
      to: 'url.searchParams.set("scope", challenge.parameters["scope"] ?? "");',
      test: `${AUTH} › challenges › a scope of another repository`,
    },
    {
      file: "src/worker/fetch/token.ts",
      from: "if (isRedirect(page.status))",
      to: "if (false)",
      test: `${AUTH} › answer with a redirect: E_REALM, and nothing of it is shown to the registry`,
    },
    {
      file: "src/worker/fetch/token.ts",
      from: "!/^[\\x21-\\x7e]+$/.test(token)",
      to: "false",
      test: `${AUTH} › answer with a token with a line end: E_TOKEN, and nothing of it is shown to the registry`,
    },
    {
      file: "src/worker/fetch/authority.ts",
      from: "if (realms.size > 1)",
      to: "if (false)",
      test: `${AUTH} › challenges › two token services: E_CHALLENGE`,
    },
  ),
];
