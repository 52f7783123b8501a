import { guard, type Guard } from "./guard.ts";

const AUTH = "test/serve/http/auth.test.ts";
const EXPOSURE = "test/config/exposure.test.ts";
const HOSTS = "test/serve/http/hosts.test.ts";
const IMAGE = "test/serve/clients/image.test.ts";
const LISTENER = "test/serve/http/listener.test.ts";
const RANGE = "test/serve/http/range.test.ts";
const ROUTE = "test/serve/http/route.test.ts";
const RUDE = "test/serve/http/rude.test.ts";
const STRANGERS = "test/serve/http/strangers.test.ts";
const WITHHELD = "test/serve/http/withheld.test.ts";
const ASK = "test/coordinator/gate/ask.test.ts";
const PRIVATE = "test/serve/gate/private.test.ts";
const SETTLE = "test/coordinator/gate/settle.test.ts";

/** Who may ask the gate, and what leaves it. */
export const DOOR_GUARDS: readonly Guard[] = [
  ...guard(
    "the gate answers only whom `serve.auth` names",
    {
      file: "src/serve/http/respond.ts",
      from: "?? unauthorized(request, config) ",
      to: "",
      test: `${STRANGERS} › is told 401 and nothing else, and nobody is asked for it: nothing`,
    },
    {
      file: "src/serve/http/admin.ts",
      from: "if (stranger !== null) return problemAnswer(stranger);",
      to: "",
      test: `${STRANGERS} › is told by the admin listener only that it runs, and whether it is ready`,
    },
    {
      file: "src/serve/http/admin.ts",
      from: "return readiness(admin, stranger === null);",
      to: "return readiness(admin, true);",
      test: `${STRANGERS} › is told by the admin listener only that it runs, and whether it is ready`,
    },
    {
      file: "src/serve/http/auth.ts",
      from: "found = (isSame && token.name === name) || found;",
      to: "found = isSame || found;",
      test: `${AUTH} › another's name`,
    },
    {
      file: "src/serve/http/auth.ts",
      from: "found = (isSame && token.name === name) || found;",
      to: "found = token.name === name || found;",
      test: `${AUTH} › a wrong token`,
    },
    {
      file: "src/serve/http/auth.ts",
      from: "(auth.clientCa !== null && isCertified)",
      to: "isCertified",
      test: `${AUTH} › a client certificate counts only where an authority is named`,
    },
    {
      file: "src/serve/http/guard.ts",
      from: " && socket.getPeerX509Certificate() !== undefined",
      to: "",
      test: "test/serve/http/guard.test.ts › TLSv1.3: who resumes a session is whoever began it, with a certificate, without one, or with another's",
    },
    {
      file: "src/serve/http/guard.ts",
      from: "socket.authorized && ",
      to: "",
      test: "test/serve/http/guard.test.ts › TLSv1.2: who resumes a session is whoever began it, with a certificate, without one, or with another's",
    },
    {
      file: "src/config/serve.ts",
      from: "(tls === null || !hasAuth)",
      to: "!hasAuth",
      test: `${EXPOSURE} › for all, without https is a mistake`,
    },
    {
      file: "src/config/serve.ts",
      from: "(tls === null || !hasAuth)",
      to: "tls === null",
      test: `${EXPOSURE} › for all, without authentication is a mistake`,
    },
    {
      file: "src/config/serve.ts",
      from: "(auth.tokens.length > 0 || auth.clientCa !== null)",
      to: "true",
      test: `${EXPOSURE} › for all, with authentication that nobody can pass is a mistake`,
    },
    {
      file: "src/config/serve.ts",
      from: "[...listen, ...(admin === null ? [] : [admin])]",
      to: "[...listen]",
      test: `${EXPOSURE} › whose admin page is for all is a mistake`,
    },
    {
      file: "src/config/serve.ts",
      from: "if (auth?.clientCa != null && tls === null)",
      to: "if (false)",
      test: `${EXPOSURE} › that asks for client certificates without https is a mistake`,
    },
  ),
  ...guard(
    "the user's credentials go to an upstream only",
    {
      file: "src/coordinator/gate/vantages.ts",
      from: "withCredentials ? openLastingVantages : openAnonymousVantages",
      to: "withCredentials || true ? openLastingVantages : openAnonymousVantages",
      test: `${SETTLE} › credentials of this user › are not used unless that was asked for`,
    },
    {
      file: "src/config/serve.ts",
      from: "if (upstreamCredentials && !hasAuth)",
      to: "if (false)",
      test: `${EXPOSURE} › with its own credentials, for whoever asks is a mistake`,
    },
  ),
  ...guard(
    "no page of another site, and none by a name of its own, asks the gate",
    {
      file: "src/serve/http/respond.ts",
      from: "const objection = objectionTo(request, config) ?? ",
      to: "const objection = ",
      test: `${STRANGERS} › by a name of its own`,
    },
    {
      file: "src/serve/http/admin.ts",
      from: "if (objection !== null) return problemAnswer(objection);",
      to: "",
      test: `${STRANGERS} › from its origin`,
    },
    {
      file: "src/serve/http/guard.ts",
      from: 'if ((headersDistinct["host"]?.length ?? 0) > 1)',
      to: "if (headersDistinct === null)",
      test: `${RUDE} › two Hosts`,
    },
    {
      file: "src/serve/http/guard.ts",
      from: "origin: headers.origin,",
      to: "origin: undefined,",
      test: `${STRANGERS} › from its origin`,
    },
    {
      file: "src/serve/http/guard.ts",
      from: 'site: headers["sec-fetch-site"],',
      to: "site: undefined,",
      test: `${STRANGERS} › from another site`,
    },
    {
      file: "src/serve/http/hosts.ts",
      from: "return port === localPort && names.includes(bare);",
      to: "return names.includes(bare);",
      test: `${HOSTS} › another port`,
    },
    {
      file: "src/serve/http/hosts.ts",
      from: "return port === localPort && names.includes(bare);",
      to: "return port === localPort;",
      test: `${HOSTS} › a name that leads here`,
    },
    {
      file: "src/serve/http/hosts.ts",
      from: '...(isLoopbackHost(address) ? ["localhost", "127.0.0.1", "[::1]"] : []),',
      to: '"localhost", "127.0.0.1", "[::1]",',
      test: `${HOSTS} › localhost, but from elsewhere`,
    },
    {
      file: "src/serve/http/hosts.ts",
      from: "hosts.includes(host) || hosts.includes(bare)",
      to: "hosts.some((each) => host.includes(each))",
      test: `${HOSTS} › a name that ends like one`,
    },
    {
      file: "src/serve/http/hosts.ts",
      from: 'site !== "same-origin" && site !== "none"',
      to: 'site === "cross-site"',
      test: `${HOSTS} › from a browser: a neighbour`,
    },
    {
      file: "src/serve/http/hosts.ts",
      from: "(host === undefined || origin.toLowerCase() !== own)",
      to: "origin.toLowerCase() !== own",
      test: `${HOSTS} › from a browser: an origin, but no name`,
    },
  ),
  ...guard(
    "an upstream leads to a private address only",
    {
      file: "src/serve/gate/control.ts",
      from: "?.isPrivate ?? false",
      to: "?.isPrivate !== null",
      test: `${PRIVATE} › an upstream that is not listed as private is not asked at a private address, for nothing`,
    },
    {
      file: "src/coordinator/gate/job.ts",
      from: "publicOnly: !mayBePrivate,",
      to: "",
      test: `${ASK} › a registry on a private address is not asked unless it may be there: $kind`,
    },
    {
      file: "src/coordinator/gate/vantages.ts",
      from: "publicOnly: !mayBePrivate }",
      to: "publicOnly: false }",
      test: `${ASK} › a registry on a private address is not asked unless it may be there: $kind`,
    },
  ),
  ...guard(
    "a request means one repository of one upstream",
    {
      file: "src/serve/http/route.ts",
      from: 'return segments.some((each) => each.includes("/")) ? null : segments;',
      to: 'return segments.join("/").split("/");',
      test: `${ROUTE} › what cannot be › /v2/ghcr.io/a%2fb/manifests/1`,
    },
    {
      file: "src/serve/http/route.ts",
      from: "(namespace === null || more.length > 0)",
      to: "namespace === null",
      test: `${ROUTE} › the upstream › /v2/a/manifests/1?ns=docker.io&ns=ghcr.io of null`,
    },
    {
      file: "src/serve/http/route.ts",
      from: "namespace !== null && spoken !== null && namespace !== spoken",
      to: "false",
      test: `${ROUTE} › the upstream › /v2/ghcr.io/a/manifests/1?ns=docker.io of null`,
    },
    {
      file: "src/serve/http/route.ts",
      from: "if (reference === null || !isSame) return badName(name);",
      to: "if (reference === null) return badName(name);",
      test: `${ROUTE} › what cannot be › /v2/ghcr.io/a:b/manifests/1`,
    },
    {
      file: "src/serve/http/respond.ts",
      from: "return isRead && hasBody ?",
      to: "return isRead && !hasBody && headers.te === null ?",
      test: `${RUDE} › a body`,
    },
  ),
  ...guard(
    "of a blob that waits for its verdict, no byte leaves the gate",
    {
      file: "src/serve/http/grant.ts",
      from: 'const reading = ruling.kind === "granted" ? await',
      to: "const reading = ruling.kind !== null ? await",
      test: `${WITHHELD} › no byte of a blob that is refused after all, though it is there already`,
    },
    {
      file: "src/serve/http/grant.ts",
      from: "const ruling = await orAborted(withheld.verdict, signal);",
      to: 'const ruling = { kind: "granted" };',
      test: `${WITHHELD} › no byte of a blob that is refused after all, though it is there already`,
    },
    {
      file: "src/serve/http/send.ts",
      from: "else socket.resetAndDestroy();",
      to: "else socket.destroySoon();",
      test: `${WITHHELD} › none of one that this repository may not give out, whatever the verdict`,
    },
    {
      file: "src/serve/http/grant.ts",
      from: "    cut(response);\n",
      to: "    response.end();\n",
      test: `${WITHHELD} › none of one that this repository may not give out, whatever the verdict`,
    },
  ),
  ...guard(
    "a part of a blob is that part",
    {
      file: "src/serve/http/range.ts",
      from: "(ifRange !== undefined && ifRange !== etag)",
      to: "false",
      test: `${RANGE} › If-Range: "sha256:bb"`,
    },
    {
      file: "src/serve/http/range.ts",
      from: "last: Math.min(last, size - 1)",
      to: "last",
      test: `${RANGE} › bytes=90-1000`,
    },
    {
      file: "src/serve/http/pour.ts",
      from: "wanted, first + done)",
      to: "wanted, done)",
      test: `${LISTENER} › a blob, whole and in parts, as docker-registry gives it`,
    },
    {
      file: "src/serve/http/pour.ts",
      from: "Math.min(buffer.length, length - done)",
      to: "buffer.length",
      test: "test/serve/http/pour.test.ts › a part of a large blob is that part, and the connection is good for more: $range",
    },
  ),
  ...guard(
    "`serve check` calls no client closed",
    {
      file: "src/serve/clients/verdict.ts",
      from: "if (code === 0)",
      to: "if (code === 0 && refusals === 0)",
      test: `${IMAGE} › the verdict › a success is never closed`,
    },
    {
      file: "src/serve/clients/verdict.ts",
      from: "if (refusals === 0) return",
      to: "if (refusals < 0) return",
      test: `${IMAGE} › a refusal that the gate did not count is not believed`,
    },
    {
      file: "src/serve/clients/verdict.ts",
      from: "if (asked !== undefined)",
      to: "if (asked === null)",
      test: `${IMAGE} › our sentence and %s: %s`,
    },
    {
      file: "src/serve/clients/verdict.ts",
      from: "[upstream, ...(MORE_HOSTS[upstream] ?? [])]",
      to: "[upstream]",
      test: `${IMAGE} › our sentence and https://pkg-containers.githubusercontent.com/x: open`,
    },
    {
      file: "src/serve/clients/check.ts",
      from: "if (!(await isKnown(arming, signal))) return",
      to: "if (false) return",
      test: "test/serve/clients/check.test.ts › a store that no gate watches is told, and nothing is pulled",
    },
    {
      file: "src/serve/clients/check.ts",
      from: 'if (end !== "late" || verdict.kind === "open") return verdict;',
      to: "if (timeoutMs > 0) return verdict;",
      test: "test/serve/clients/late.test.ts › a client whose pull does not end is not closed, whatever it said so far",
    },
  ),
];
