import { guard, type Guard } from "./guard.ts";

const STRICT = "test/http/strict.test.ts";
const HEADERS = "test/http/headers.test.ts";
const LOCAL = "test/local/engine.test.ts";
const TLS = "test/local/tls.test.ts";
const BODY = "test/local/body.test.ts";
const KEEP = "test/local/keep.test.ts";

/** One exchange: what both engines refuse, and the engine of this machine. */
export const TRANSPORT_GUARDS: readonly Guard[] = [
  ...guard(
    "both HTTP engines are equally strict",
    {
      file: "src/http/strict.ts",
      from: "if (encoding.length > 0)",
      to: "if (false)",
      test: `${STRICT} › a body with $headers is refused as $code`,
    },
    {
      file: "src/http/strict.ts",
      from: "|| lengths.length > 0) {",
      to: ") {",
      test: `${STRICT} › a body with $headers is refused as $code`,
    },
    {
      file: "src/http/strict.ts",
      from: "others.length > 0 || !/^[0-9]",
      to: "!/^[0-9]",
      test: `${STRICT} › a body with $headers is refused as $code`,
    },
    {
      file: "src/http/strict.ts",
      from: "if (status === 204 || status === 304) return 0;",
      to: "return 0;",
      test: `${STRICT} › a body with $headers is refused as $code`,
    },
    {
      file: "src/http/strict.ts",
      from: "if (others.some((other) => other !== first))",
      to: "if (false)",
      test: `${STRICT} › a header that may stand once is refused when it says two things`,
    },
    {
      file: "src/http/headers.ts",
      from: "/(?<!\\r)\\n|\\r(?!\\n)/.test(block)",
      to: "false",
      test: `${HEADERS} › refused › bare line feeds`,
    },
    {
      file: "src/http/headers.ts",
      from: "if (block.length > MOST_HEADER_BYTES)",
      to: "if (block.length > 2 * MOST_HEADER_BYTES)",
      test: `${HEADERS} › refused › more than 16 KiB`,
    },
    {
      file: "src/http/headers.ts",
      from: "if (interim > MOST_INTERIM)",
      to: "if (interim > 9 * MOST_INTERIM)",
      test: `${HEADERS} › refused › seventeen 103`,
    },
    {
      file: "src/http/headers.ts",
      from: "if (status === 101)",
      to: "if (false)",
      test: `${HEADERS} › refused › 101`,
    },
    {
      file: "src/local/exchange.ts",
      from: '["accept-encoding", "identity"]',
      to: '["accept-encoding", "gzip"]',
      test: `${LOCAL} › asks for identity encoding, names the program, and reveals secrets to the server only`,
    },
    {
      file: "src/local/measure.ts",
      from: "part.wanted = answer.status === 206 || (answer.status === 200 && body.size === 0)",
      to: "part.wanted = answer.status < 300",
      test: `${BODY} › answers that are not content › %d: nothing is hashed or written`,
    },
    {
      file: "src/local/measure.ts",
      from: "if (part.received > query.maxBytes) throw",
      to: "if (part.received > query.maxBytes + 1) throw",
      test: `${BODY} › one byte more, chunked, is noticed at that byte`,
    },
  ),
  ...guard(
    "nothing from a private address counts",
    {
      file: "src/http/address.ts",
      from: '"169.254.0.0/16",',
      to: "",
      test: "test/http/address.test.ts › $address ($what) is not public",
    },
    {
      file: "src/http/address.ts",
      from: "if (carried !== null) return isPublicAddress(carried);",
      to: "if (carried !== null) return true;",
      test: "test/http/address.test.ts › $address ($what) is not public",
    },
    {
      file: "src/local/connect.ts",
      from: "if (attempt.publicOnly) refusePrivateHost(target.host);",
      to: "",
      test: `${LOCAL} › http://%s is refused without a connection`,
    },
    {
      file: "src/local/connect.ts",
      from: "addresses.find(({ address }) => !isPublicAddress(address))",
      to: "addresses.slice(0, 1).find(({ address }) => !isPublicAddress(address))",
      test: `${LOCAL} › a name that leads to public and private at once is refused without a connection`,
    },
  ),
  ...guard(
    "TLS is checked",
    {
      file: "src/local/dial.ts",
      from: "rejectUnauthorized: true",
      to: "rejectUnauthorized: false",
      test: `${TLS} › $what is E_TLS, whatever the environment says`,
    },
    {
      file: "src/local/dial.ts",
      from: 'minVersion: "TLSv1.2"',
      to: 'minVersion: "TLSv1"',
      test: `${TLS} › with a server of $what only is refused`,
    },
    {
      file: "src/local/dial.ts",
      from: "trust?.ca ?? authorities",
      to: "authorities ?? trust?.ca ?? null",
      test: `${TLS} › of a trusted authority is not good where the registry names another one`,
    },
    {
      file: "src/local/dial.ts",
      from: 'ALPNProtocols: ["http/1.1"]',
      to: 'ALPNProtocols: ["h2", "http/1.1"]',
      test: `${TLS} › offers HTTP/1.1 only`,
    },
  ),
  ...guard(
    "what was hashed is what is released",
    {
      file: "src/local/keep.ts",
      from: "if (file.nlink !== 1) throw",
      to: "if (false) throw",
      test: `${KEEP} › is refused when a hard link is in its place`,
    },
    {
      file: "src/local/keep.ts",
      from: "if (offset > 0 && file.size !== offset)",
      to: "if (false)",
      test: `${KEEP} › is given up when the file is longer meanwhile`,
    },
  ),
  ...guard("no text from outside takes more than time linear", {
    file: "src/oci/trim.ts",
    from: "let end = text.length;",
    to: "let end = text.length; for (let at = 0; at < end * end; at += 64) Math.sqrt(at);",
    test: "test/growth/growth.test.ts › trimBlanks: blanks within",
  }),
  ...guard("a proxy setting that cannot be parsed is an error", {
    file: "src/http/proxy.ts",
    from: "SCHEMES.find((each) => each === named);",
    to: 'SCHEMES.find((each) => each === named) ?? "http";',
    test: "test/local/proxy.test.ts › %j is refused without being repeated",
  }),
];
