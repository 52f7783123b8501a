import { guard, type Guard } from "./guard.ts";

const WALK = "test/worker/walk.test.ts";
const BLOB = "test/worker/blob.test.ts";
const AUTH = "test/worker/auth.test.ts";
const REDIRECT = "test/worker/redirect.test.ts";

export const WORKER_GUARDS: readonly Guard[] = [
  ...guard(
    "every body is checked against the digest and the size",
    {
      file: "src/worker/document.ts",
      from: "expected !== null && computed !== expected",
      to: "expected === null && computed !== expected",
      test: `${WALK} › other bytes than were asked for › another manifest for an entry`,
    },
    {
      file: "src/worker/document.ts",
      from: "if (descriptor.size !== size)",
      to: "if (false)",
      test: `${WALK} › a descriptor with the right digest and another size`,
    },
    {
      file: "src/worker/blob.ts",
      from: "const same = seen.computed === wanted.digest &&",
      to: "const same =",
      test: `${WALK} › other bytes than were asked for › a layer with a flipped bit`,
    },
    {
      file: "src/worker/blob.ts",
      from: "(wanted.size === null || wanted.size === seen.size)",
      to: "true",
      test: `${WALK} › a layer with the right digest and fewer bytes than its descriptor says`,
    },
    {
      file: "src/worker/blob.ts",
      from: "if (answer.status === 200) return",
      to: "if (answer.status < 300) return",
      test: `${BLOB} › the right bytes under %i are not taken`,
    },
    {
      file: "src/worker/exchange.ts",
      from: "if (answer.status !== 200) throw",
      to: "if (answer.status > 299) throw",
      test: `${WALK} › how it ends › 206 that nobody asked for is E_STATUS`,
    },
    {
      file: "src/worker/ending.ts",
      from: 'if (fault?.code === "E_MISMATCH") return fault;',
      to: "",
      test: `${WALK} › it outranks that the time is over`,
    },
  ),
  ...guard(
    "a body that was cut and resumed counts only",
    {
      file: "src/worker/blob.ts",
      from: "first.joined && first.error !== null",
      to: "false",
      test: `${BLOB} › and made of parts that do not match is fetched whole before it counts`,
    },
    {
      file: "src/worker/blob.ts",
      from: 'valueOf(content.headers, "etag") === start.etag)',
      to: "true)",
      test: `${BLOB} › a body that was cut › has another ETag by then: from the start`,
    },
    {
      file: "src/worker/blob.ts",
      from: "range?.first === start.size &&",
      to: "range !== null &&",
      test: `${BLOB} › a body that was cut › is answered with other bytes than asked for: from the start`,
    },
    {
      file: "src/worker/blob.ts",
      from: "content.status === 206 && isRest",
      to: "isRest",
      test: `${BLOB} › a body that was cut › is answered with 200 that says it is the rest: from the start`,
    },
    {
      file: "src/worker/blob.ts",
      from: '/^"[\\x21\\x23-\\x7e]*"$/.test(etag)',
      to: '/^(W.)?"[\\x21\\x23-\\x7e]*"$/.test(etag)',
      test: `${BLOB} › a body that was cut › has a weak ETag: from the start`,
    },
  ),
  ...guard(
    "retries repair faults of the way",
    {
      file: "src/worker/retry.ts",
      from: "new Set<ErrorCode>([",
      to: 'new Set<ErrorCode>(["E_TLS", "E_FRAMING", "E_HOST_KEY",',
      test: `${BLOB} › what is tried again › not $what`,
    },
    {
      file: "src/worker/retry.ts",
      from: "number > retries ||",
      to: "number > retries + 1 ||",
      test: `${BLOB} › what is tried again › a server that never recovers: limits.retries`,
    },
    {
      file: "src/worker/retry.ts",
      from: "patience -= retryAfter ?? 0;",
      to: "",
      test: `${BLOB} › Retry-After: a minute in all`,
    },
  ),
  ...guard(
    "nothing from a private address counts",
    {
      file: "src/worker/redirect.ts",
      from: "if (needsPublicAddress(registry, target) === null)",
      to: "if (false)",
      test: `${REDIRECT} › not followed › to https://169.254.169.254/latest/meta-data/`,
    },
    {
      file: "src/worker/registry.ts",
      from: "if (registry.loopback && isLoopbackHost(url.hostname))",
      to: "if (isLoopbackHost(url.hostname))",
      test: `${REDIRECT} › not followed › to https://127.0.0.1/x`,
    },
    {
      file: "src/worker/exchange.ts",
      from: "publicOnly: needsPublicAddress(session.registry, ask.url) !== false,",
      to: "publicOnly: false,",
      test: `${REDIRECT} › followed › to $what: Authorization $authorised, public addresses only $publicOnly`,
    },
    {
      file: "src/worker/token.ts",
      from: "publicOnly: needsPublicAddress(registry, realm) !== false,",
      to: "publicOnly: false,",
      test: `${AUTH} › where a token is asked for › $registry: at $realm, public addresses only: $publicOnly`,
    },
    {
      file: "src/worker/token.ts",
      from: "if (needsPublicAddress(registry, realm) === null)",
      to: "if (false)",
      test: `${AUTH} › not at https://169.254.169.254/latest`,
    },
  ),
  ...guard(
    "a redirect never leads",
    {
      file: "src/worker/redirect.ts",
      from: 'if (from.protocol === "https:" && target.protocol !== "https:")',
      to: "if (false)",
      test: `${REDIRECT} › not followed › to http://cdn.example/x`,
    },
    {
      file: "src/worker/redirect.ts",
      from: 'if (target.protocol !== "https:" && target.protocol !== "http:")',
      to: "if (false)",
      test: `${REDIRECT} › where the registry is › http to ftp: E_REDIRECT`,
    },
    {
      file: "src/worker/redirect.ts",
      from: 'if (target.username !== "" || target.password !== "")',
      to: "if (false)",
      test: `${REDIRECT} › not followed › to https://u:p@cdn.example/x`,
    },
    {
      file: "src/worker/redirect.ts",
      from: "location.length > LONGEST_LOCATION",
      to: "false",
      test: `${REDIRECT} › not followed › to %s`,
    },
    {
      file: "src/worker/exchange.ts",
      from: "visited.size > session.limits.redirects",
      to: "visited.size > session.limits.redirects + 1",
      test: `${REDIRECT} › within limits.redirects`,
    },
    {
      file: "src/worker/exchange.ts",
      from: "if (visited.has(target.href)) throw",
      to: "if (visited.has(target.href)) return { answer, url }; else if (false) throw",
      test: `${REDIRECT} › not followed › in a circle: E_REDIRECT`,
    },
  ),
  ...guard(
    "credentials go to their own registry",
    {
      file: "src/worker/exchange.ts",
      from: "pass.header !== null && isOrigin(session.registry, ask.url)",
      to: "pass.header !== null",
      test: `${REDIRECT} › the query for one hop has Authorization for the registry's own origin only`,
    },
    {
      file: "src/worker/exchange.ts",
      from: "const own = isOrigin(session.registry, ask.url);",
      to: "const own = true;",
      test: `${REDIRECT} › not followed › to a place that asks for credentials: E_AUTH`,
    },
    {
      file: "src/worker/registry.ts",
      from: "url.origin === registry.base.origin",
      to: "url.hostname === registry.base.hostname",
      test: `${REDIRECT} › followed › to $what: Authorization $authorised, public addresses only $publicOnly`,
    },
    {
      file: "src/worker/registry.ts",
      from: "return { ca: own.ca, clientCertificate: null };",
      to: "return own;",
      test: `${REDIRECT} › where the registry is › trust of $what`,
    },
    {
      file: "src/worker/token.ts",
      from: 'realm.protocol !== "https:" && realm.protocol !== registry.base.protocol',
      to: "false",
      test: `${AUTH} › not at http://auth.example/token`,
    },
    {
      file: "src/worker/token.ts",
      from: 'if (realm.username !== "" || realm.password !== "")',
      to: "if (false)",
      test: `${AUTH} › not at https://user:pw@auth.example/token`,
    },
    {
      file: "src/worker/token.ts",
      from: 'url.searchParams.set("scope", scopeOf(registry));',
      to: 'url.searchParams.set("scope", challenge.parameters["scope"] ?? "");',
      test: `${AUTH} › challenges › a scope of another repository`,
    },
    {
      file: "src/worker/token.ts",
      from: "if (isRedirect(page.status))",
      to: "if (false)",
      test: `${AUTH} › answer with a redirect: E_REALM, and nothing of it is shown to the registry`,
    },
    {
      file: "src/worker/token.ts",
      from: "!/^[\\x21-\\x7e]+$/.test(token)",
      to: "false",
      test: `${AUTH} › answer with a token with a line end: E_TOKEN, and nothing of it is shown to the registry`,
    },
    {
      file: "src/worker/authority.ts",
      from: "if (realms.size > 1)",
      to: "if (false)",
      test: `${AUTH} › challenges › two token services: E_CHALLENGE`,
    },
  ),
  ...guard(
    "what one vantage is sent is bounded",
    {
      file: "src/worker/blob.ts",
      from: "wanted.size > limits.blobBytes",
      to: "false",
      test: `${BLOB} › no more than is declared, and no more than is allowed`,
    },
    {
      file: "src/worker/expand.ts",
      from: "if (depth >= DEEPEST)",
      to: "if (depth >= DEEPEST + 1)",
      test: `${WALK} › documents that are not walked › indexes five deep`,
    },
    {
      file: "src/worker/expand.ts",
      from: "const MOST_ENTRIES = 10_000;",
      to: "const MOST_ENTRIES = 12_000;",
      test: `${WALK} › documents that are not walked › indexes with more than 10,000 entries together`,
    },
    {
      file: "src/worker/exchange.ts",
      from: "(renewed && !isOver(session, pass)) || round > MOST_ROUNDS",
      to: "round > MOST_ROUNDS",
      test: `${AUTH} › that is refused when it is fresh: E_AUTH after one retry`,
    },
  ),
];
