import { dirname } from "node:path";
import type { z } from "zod";
import { Tofu3Error, visible } from "../errors.ts";
import type { Limits } from "../model/job.ts";
import { isKeyText } from "../model/keytext.ts";
import type { Policy } from "../model/policy.ts";
import { parseProxy, type Proxy } from "../http/proxy.ts";
import { readDefaults } from "./defaults.ts";
import { pathText, readDocument, type ConfigDocument, type Mistake, type Path } from "./document.ts";
import { placeIn, type NamedFile } from "./places.ts";
import { registryName } from "./registryname.ts";
import { exitObjections, workerObjections } from "./rules.ts";
import { configSchema, configShape, workerSchema } from "./schema.ts";
import { serveOf, type ServeConfig } from "./serve.ts";
import { objectionsOf, type Objection } from "./words.ts";

export interface LocalWorkerConfig {
  readonly name: string;
  readonly via: "local";
  readonly proxy: Proxy | null;
}

export interface SshWorkerConfig {
  readonly name: string;
  readonly via: "ssh";
  /** As written: a name, an address, or an alias for `resolveHost`. */
  readonly host: string;
  readonly port: number | null;
  readonly user: string | null;
  /** Absolute. */
  readonly identityFile: string | null;
  /** `SHA256:` and 43 base64 characters. */
  readonly hostKey: string | null;
  /** For curl on the VM, not for the SSH connection. */
  readonly proxy: Proxy | null;
  readonly forwardCredentials: boolean;
}

export type WorkerConfig = LocalWorkerConfig | SshWorkerConfig;

export interface RegistryConfig {
  readonly plainHttp: boolean;
  readonly caFile: NamedFile | null;
  readonly client: { readonly certificate: NamedFile; readonly key: NamedFile } | null;
}

/** Who tells the address by which a worker leaves for the world, and what tells where that address is. */
export interface ExitConfig {
  /** https, or http for a loopback name and for a host with `plainHttp`; each once. */
  readonly echo: readonly string[];
  readonly geo: { readonly country: NamedFile | null; readonly asn: NamedFile | null };
}

/** The checked configuration; no other file has been read yet. */
export interface Config {
  /** Absolute, or a name such as `<stdin>`. */
  readonly file: string;
  /** Three or more, all different as far as the text shows. There may be no local one. */
  readonly workers: readonly WorkerConfig[];
  /** Keyed by `registryName`. */
  readonly registries: ReadonlyMap<string, RegistryConfig>;
  /** By registry: others that must have the same image, by its digest. */
  readonly mirrors: ReadonlyMap<string, readonly string[]>;
  readonly policy: Policy;
  /** Absolute; null for the usual place. */
  readonly ledger: string | null;
  /** The key that signs evidence, absolute; null without one. */
  readonly sign: string | null;
  /** Whose evidence counts: keys, or the absolute paths of files; null without such a list. */
  readonly trust: readonly string[] | null;
  /** The same of VMs that sign what they see. */
  readonly trustVms: readonly string[] | null;
  readonly exits: ExitConfig;
  readonly limits: Limits;
  readonly serve: ServeConfig;
}

/** Where the text came from. */
export interface ConfigSource {
  /** Absolute, or a name for messages such as `<stdin>`. */
  readonly file: string;
  /** Absolute; relative paths in the text are resolved against it. The folder of `file` if left out. */
  readonly folder?: string;
  /** Absolute path of the home directory, for `~/`. */
  readonly home: string;
}

type Input = z.output<ReturnType<typeof configSchema>>;

function registryObjections(registries: unknown): readonly Objection[] {
  if (typeof registries !== "object" || registries === null) return [];
  const seen = new Map<string, string>();
  return Object.entries(registries as Record<string, unknown>).flatMap(([key, value]): Objection[] => {
    const path: Path = ["registries", key];
    const objections: Objection[] = [];
    const name = registryName(key);
    const other = name === null ? undefined : seen.get(name);
    if (other !== undefined)
      objections.push({
        path,
        at: "key",
        message: `the same registry as ${JSON.stringify(other)}; each registry once`,
      });
    if (name !== null) seen.set(name, key);
    const entry = (typeof value === "object" && value !== null ? value : {}) as Readonly<Record<string, unknown>>;
    const has = (field: string): boolean => entry[field] !== undefined;
    if (has("clientCertificate") !== has("clientKey")) {
      objections.push({
        path,
        at: "key",
        message: "clientCertificate and clientKey need each other; give both or none",
      });
    }
    if (entry["plainHttp"] === true && (has("caFile") || has("clientCertificate"))) {
      objections.push({
        path,
        at: "key",
        message: "plainHttp has no certificates; remove plainHttp, or caFile and clientCertificate",
      });
    }
    return objections;
  });
}

function factsOf(value: unknown): readonly Objection[] {
  const workers = typeof value === "object" && value !== null && "workers" in value ? value.workers : null;
  const facts = Array.isArray(workers)
    ? workers.map((worker: unknown) => workerSchema.safeParse(worker).data ?? null)
    : [];
  return workerObjections(facts);
}

function check(document: ConfigDocument): Input | readonly Mistake[] {
  const defaults = readDefaults();
  const { value } = document;
  if (value === null)
    return [{ ...document.positionOf([]), path: "", message: "the file is empty; it must be a mapping with workers" }];
  const shape = configShape(defaults);
  const parsed = configSchema(defaults).safeParse(value);
  const registries = typeof value === "object" && "registries" in value ? value.registries : null;
  const objections = [
    ...(parsed.error?.issues ?? []).flatMap((issue) => objectionsOf(issue, value, shape)),
    ...factsOf(value),
    ...registryObjections(registries),
    ...exitObjections(value),
  ];
  if (parsed.success && objections.length === 0) return parsed.data;
  return objections.map(({ path, at, message }) => ({
    ...(at === "key" ? document.positionOfKey(path) : document.positionOf(path)),
    path: pathText(path),
    message,
  }));
}

function errorOf(file: string, mistakes: readonly Mistake[]): Tofu3Error {
  const lines = [...mistakes]
    .sort((a, b) => a.line - b.line || a.column - b.column)
    .map(({ line, column, path, message }) =>
      visible(`${file}:${line}:${column}: ${path === "" ? "" : `${path}: `}${message}`),
    );
  return new Tofu3Error("E_CONFIG", [...new Set(lines)].join("\n"), {
    hint: '"tofu3 help config" has every key with a comment',
  });
}

function workerOf(worker: Input["workers"][number], place: (path: string) => string): WorkerConfig {
  const proxy = worker.proxy === undefined ? null : parseProxy(worker.proxy);
  if (worker.via === "local") return { name: worker.name, via: "local", proxy };
  return {
    name: worker.name,
    via: "ssh",
    host: worker.host.replace(/^\[(.*)\]$/, "$1"),
    port: worker.port ?? null,
    user: worker.user ?? null,
    identityFile: worker.identityFile === undefined ? null : place(worker.identityFile),
    hostKey: worker.hostKey ?? null,
    proxy,
    forwardCredentials: worker.forwardCredentials ?? false,
  };
}

function registryOf(
  key: string,
  entry: Input["registries"][string],
  named: (path: Path, text: string) => NamedFile,
): RegistryConfig {
  const file = (field: "caFile" | "clientCertificate" | "clientKey"): NamedFile | null => {
    const text = entry[field];
    return text === undefined ? null : named(["registries", key, field], text);
  };
  const [certificate, clientKey] = [file("clientCertificate"), file("clientKey")];
  const client = certificate === null || clientKey === null ? null : { certificate, key: clientKey };
  return { plainHttp: entry.plainHttp ?? false, caFile: file("caFile"), client };
}

/**
 * Parses and checks YAML or JSON. Throws E_CONFIG with one line per mistake: `file:line:column: path: what is wrong,
 * what is allowed`.
 */
export function parseConfig(text: string, { file, home, folder = dirname(file) }: ConfigSource): Config {
  const document = readDocument(text);
  if (!("value" in document)) throw errorOf(file, document);
  const input = check(document);
  if (!("workers" in input)) throw errorOf(file, input);
  const place = (path: string): string => placeIn(folder, home, path);
  const named = (path: Path, text: string): NamedFile => {
    const { line, column } = document.positionOf(path);
    return { path: place(text), at: visible(`${file}:${line}:${column}: ${pathText(path)}`) };
  };
  const { distinct, days, onChange, ledger, sign, trust, trustVms, echo, geo } = input.policy;
  const keys = (list: readonly string[] | undefined): readonly string[] | null =>
    list?.map((each) => (isKeyText(each) ? each : place(each))) ?? null;
  const table = (key: "country" | "asn"): NamedFile | null => {
    const text = geo[key];
    return text === undefined ? null : named(["policy", "geo", key], text);
  };
  return {
    file,
    workers: input.workers.map((worker) => workerOf(worker, place)),
    registries: new Map(
      Object.entries(input.registries).map(([key, entry]) => [registryName(key) ?? key, registryOf(key, entry, named)]),
    ),
    mirrors: new Map(
      Object.entries(input.mirrors).map(([key, others]) => {
        return [registryName(key) ?? key, others.map((each) => registryName(each) ?? each)];
      }),
    ),
    policy: { distinct, days, onChange },
    ledger: ledger === undefined ? null : place(ledger),
    sign: sign === undefined ? null : place(sign),
    trust: keys(trust),
    trustVms: keys(trustVms),
    exits: { echo: echo.map((url) => new URL(url).href), geo: { country: table("country"), asn: table("asn") } },
    limits: input.limits,
    serve: serveOf(input.serve, place, named),
  };
}
