import { isIPv6 } from "node:net";
import { z } from "zod";
import { readProxy } from "../http/proxy.ts";
import { readDefaults, type Defaults } from "./defaults.ts";
import { isKeyText } from "../model/keytext.ts";
import { DISTINCT } from "../model/policy.ts";
import { mapping, path, text, wholeNumber, yesOrNo } from "./fields.ts";
import { registryName } from "./registryname.ts";
import { serveShape } from "./serveschema.ts";

/** A host name, an alias of ~/.ssh/config, or an IP address with or without brackets. */
export function isHost(host: string): boolean {
  return (
    /^[A-Za-z0-9_][A-Za-z0-9._+-]{0,252}$/.test(host) ||
    isIPv6(host) ||
    (/^\[.*\]$/.test(host) && isIPv6(host.slice(1, -1)))
  );
}

function hostMistake(host: string): string {
  const allowed = "must be a host name, an IP address or an alias of ~/.ssh/config";
  if (host.includes("@")) return `${allowed}; the user goes into "user"`;
  if (/^[^:]+:[0-9]+$/.test(host) || /^\[.*\]:[0-9]+$/.test(host)) return `${allowed}; the port goes into "port"`;
  return allowed;
}

/** The name of a worker. */
export const WORKER_NAME = /^[A-Za-z0-9._-]{1,32}$/;

const name = text(
  WORKER_NAME,
  "must be 1 to 32 letters, digits, dots, dashes or underscores",
  "How reports call this worker. Each name once.",
);

function proxyMistake(text: string): string | undefined {
  const proxy = readProxy(text);
  return "mistake" in proxy ? proxy.mistake : undefined;
}

const proxy = z
  .string({ error: "must be a proxy such as socks5h://127.0.0.1:9050" })
  .refine((url) => proxyMistake(url) === undefined, { error: (issue) => proxyMistake(String(issue.input)) })
  .meta({
    description:
      "http, https, socks5 or socks5h proxy with its port, e.g. socks5h://127.0.0.1:9050. For an ssh worker: used by curl on the VM.",
  });

/** Keys of a worker on this machine. */
export const localShape = {
  name,
  via: z.literal("local").meta({ description: "This machine." }),
  proxy: proxy.optional(),
};

/** Keys of a worker behind SSH. */
export const sshShape = {
  name,
  via: z
    .literal("ssh")
    .meta({ description: "A VM with sshd, a POSIX sh, curl and one of openssl, sha256sum, shasum." }),
  host: z
    .string({ error: "must be a host name, an IP address or an alias of ~/.ssh/config" })
    .refine(isHost, { error: (issue) => hostMistake(String(issue.input)) })
    .meta({ description: "Host name, IP address, or an alias of ~/.ssh/config." }),
  port: wholeNumber(1, 65535, "SSH port; 22, or what ~/.ssh/config says.").optional(),
  user: text(
    /^(?!-)[\x21-\x7e]{1,64}$/,
    "must be a user name without spaces",
    "User on the VM; yours, or what ~/.ssh/config says.",
  ).optional(),
  identityFile: path("Private key; otherwise what ~/.ssh/config says, or the agent.").optional(),
  hostKey: text(
    /^SHA256:[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]$/,
    "must be SHA256: and 43 base64 characters, as printed by ssh-keygen -lf",
    "Fingerprint of the VM's host key; otherwise a known_hosts entry. Never accepted blindly.",
  ).optional(),
  proxy: proxy.optional(),
  forwardCredentials: yesOrNo("Whether this VM may use the registry credentials of this machine.").optional(),
};

export const registryShape = {
  plainHttp: yesOrNo("Speak http, not https. Loopback names need no permission.").optional(),
  caFile: path("PEM of the authorities to trust for this registry, instead of the system's.").optional(),
  clientCertificate: path("PEM of a client certificate; with clientKey.").optional(),
  clientKey: path("PEM of its private key, not encrypted.").optional(),
};

const MOST_ECHOES = 4;

/** A URL without userinfo and fragment: https, or http, which `config.ts` allows for some hosts only. */
export function echoUrl(text: string): URL | null {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !["https:", "http:"].includes(url.protocol)) return null;
  return url.username === "" && url.password === "" && url.hash === "" ? url : null;
}

const echo = z
  .string({ error: "must be an https:// URL" })
  .refine((text) => echoUrl(text) !== null, { error: "must be an https:// URL without user, password and #" })
  .meta({ description: "Answers with the address of whoever asks, as text or JSON." });

export const geoShape = {
  country: path("Table of countries, .mmdb.").optional(),
  asn: path("Table of networks (AS numbers), .mmdb.").optional(),
};

const MOST_KEYS = 100;
const publicKey = z
  .string({ error: "must be the file of a public key, or ssh-ed25519 AAAA…" })
  .min(1, { error: "must be the file of a public key, or ssh-ed25519 AAAA…" })
  .refine((text) => !isKeyText(text) || /^ssh-ed25519 [A-Za-z0-9+/]{68}(?: .*)?$/.test(text), {
    error: "must be an Ed25519 key: ssh-ed25519 AAAA…, as ssh-keygen writes it into FILE.pub",
  })
  .meta({ description: "A file of tofu3 keygen or ssh-keygen, or the key itself." });

function keyList(example: string) {
  return z
    .array(publicKey, { error: `must be a list of public keys: [${example}]` })
    .min(1, { error: "must have at least one key, or be left out" })
    .max(MOST_KEYS, { error: `must be at most ${MOST_KEYS} keys` })
    .optional();
}

const DISTINCT_WORDS = "machine, network, asn or country";

function policyShape(defaults: Defaults["policy"]) {
  return {
    distinct: z
      .array(z.enum(DISTINCT, { error: `must be ${DISTINCT_WORDS}` }), {
        error: `must be a list of ${DISTINCT_WORDS}: [machine]`,
      })
      .default(defaults.distinct)
      .meta({ description: "What must differ between the workers; unknown counts as not distinct." }),
    days: wholeNumber(1, 365, "On how many distinct UTC days the workers must agree.").default(defaults.days),
    onChange: z
      .enum(["notice", "fail"], { error: "must be notice or fail" })
      .default(defaults.onChange)
      .meta({ description: "What a tag that moved since the ledger's last agreement is: told, or changed (15)." }),
    sign: path("The key that signs evidence (--report FILE.intoto.jsonl): a file of tofu3 keygen.").optional(),
    trust: keyList("laptop.pub").meta({
      description: "Whose evidence tofu3 judge believes: files, or ssh-ed25519 AAAA… itself.",
    }),
    trustVms: keyList("fra.pub, sgp.pub").meta({
      description: "VMs whose own signatures tofu3 judge believes: what other workers on VMs saw does not count.",
    }),
    ledger: path("The ledger; $XDG_STATE_HOME/tofu3/ledger.jsonl otherwise.").optional(),
    echo: z
      .array(echo, { error: "must be a list of https:// URLs" })
      .max(MOST_ECHOES, { error: `must be at most ${MOST_ECHOES} services` })
      .default(defaults.echo)
      .meta({ description: "Services that tell each worker the address it comes from; none unless named here." }),
    geo: z
      .strictObject(geoShape, mapping(Object.keys(geoShape).join(", ")))
      .default(defaults.geo)
      .meta({ description: "Offline tables that tell an address's country and network." }),
  };
}

function limitsShape(defaults: Defaults["limits"]) {
  const upTo = (minimum: number, maximum: number, key: keyof Defaults["limits"], description: string) =>
    wholeNumber(minimum, maximum, description).default(defaults[key]);
  return {
    manifestBytes: upTo(1024, 2 ** 26, "manifestBytes", "Bytes of one index or manifest."),
    documentBytes: upTo(1024, 2 ** 30, "documentBytes", "Bytes of all indexes and manifests of one artifact."),
    blobBytes: upTo(1024, 2 ** 50, "blobBytes", "Bytes of one blob."),
    fileBytes: upTo(1024, 2 ** 50, "fileBytes", "Bytes of the file of one URL."),
    unpackedBytes: upTo(
      1024,
      2 ** 50,
      "unpackedBytes",
      "Bytes that all layers of one image unpack to, for docker-archive and docker-v1.",
    ),
    redirects: upTo(0, 10, "redirects", "Redirects of one request."),
    retries: upTo(0, 20, "retries", "How often one request is repeated after a transport fault."),
    connectSeconds: upTo(1, 300, "connectSeconds", "Seconds for one connection."),
    againSeconds: upTo(
      0,
      60,
      "againSeconds",
      "Seconds that two more looks at a tag take after a disagreement, to tell a moved tag from a split view.",
    ),
    idleSeconds: upTo(1, 3600, "idleSeconds", "Seconds without a byte."),
    totalSeconds: upTo(
      1,
      604_800,
      "totalSeconds",
      "Seconds for everything that one worker does, and for all of it to the end of the release.",
    ),
  };
}

/** One worker; the rules across workers are in `rules.ts`. */
export const workerSchema = z.discriminatedUnion("via", [z.strictObject(localShape), z.strictObject(sshShape)], {
  error: ({ input }) =>
    typeof input === "object" && input !== null && !Array.isArray(input)
      ? "must be local or ssh"
      : "must be a mapping with name and via",
});

/** Keys of the whole file, with the defaults filled in. */
export function configShape(defaults: Defaults) {
  const policy = policyShape(defaults.policy);
  const limits = limitsShape(defaults.limits);
  const serve = serveShape(defaults.serve);
  const registryKey = z.string().refine((key) => registryName(key) !== null, {
    error: "must be a registry as host or host:port, without scheme and path",
  });
  const three = "must be a list of three or more workers; unanimity is the only rule";
  return {
    $schema: z
      .string({ error: "must be the address of the JSON Schema" })
      .optional()
      .meta({ description: "For editors." }),
    workers: z
      .array(workerSchema, { error: three })
      .min(3, { error: three })
      .meta({ description: "Three or more; unanimity is the only rule." }),
    registries: z
      .record(
        registryKey,
        z.strictObject(registryShape, mapping(Object.keys(registryShape).join(", "))),
        mapping("a registry as host or host:port in each key"),
      )
      .default({})
      .meta({ description: "Settings per registry." }),
    mirrors: z
      .record(
        registryKey,
        z
          .array(registryKey, { error: "must be a list of registries" })
          .min(1, { error: "must be a list of registries" }),
        mapping("a registry as host or host:port in each key"),
      )
      .default({})
      .meta({ description: "Per registry: others that must have the same image, by its digest." }),
    policy: z
      .strictObject(policy, mapping(Object.keys(policy).join(", ")))
      .default(defaults.policy)
      .meta({ description: "What an agreement requires." }),
    limits: z
      .strictObject(limits, mapping(Object.keys(limits).join(", ")))
      .default(defaults.limits)
      .meta({ description: "Per worker." }),
    serve: z
      .strictObject(serve, mapping(Object.keys(serve).join(", ")))
      .default(() => z.strictObject(serve).parse({}))
      .meta({ description: "The gate, tofu3 serve." }),
  };
}

export function configSchema(defaults: Defaults) {
  return z.strictObject(configShape(defaults), mapping("workers"));
}

/** The JSON Schema for editors (draft 7), stored in `config/tofu3.schema.json`. Less strict than `parseConfig`. */
export function jsonSchema(): Record<string, unknown> {
  const { $schema, ...rest } = z.toJSONSchema(configSchema(readDefaults()), { target: "draft-7", io: "input" });
  return { $schema, title: "tofu3.yaml", ...rest };
}
