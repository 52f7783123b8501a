import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { makeAuthority, type Authority, type Certificate } from "./authority.ts";
import { findProgram } from "./install.ts";
import { launch, makeFolder, runTool, until } from "./processes.ts";
import { startTokenServer, type TokenServer, type TokenServerOptions } from "./tokenserver.ts";

export interface RegistryOptions {
  /** https with an authority of its own; `names` are further host names and addresses of the certificate. */
  readonly tls?: boolean | { readonly names: readonly string[] };
  /** Only with `tls`: who has no certificate of the same authority is turned away. */
  readonly clientCertificates?: boolean;
  /** Basic authentication. */
  readonly htpasswd?: { readonly user: string; readonly password: string };
  /** Bearer tokens of a token server that is started with it. */
  readonly token?: TokenServerOptions;
  /** Address to listen on; 127.0.0.1. */
  readonly address?: string;
  /** Runs the registry inside of this, e.g. the `prefix` of a network namespace. */
  readonly prefix?: readonly string[];
  /** Docker schema 1 may be pushed. */
  readonly schema1?: boolean;
  /** To measure with: blob descriptors in memory, as Debian configures it, and no log of requests. */
  readonly quiet?: boolean;
}

export interface Registry {
  /** `address:port`, the registry part of a reference. */
  readonly host: string;
  readonly url: string;
  readonly caFile: string | null;
  readonly clientCertificate: Certificate | null;
  readonly credentials: { readonly user: string; readonly password: string } | null;
  readonly tokenServer: TokenServer | null;
  readonly folder: string;
  /** Where docker-registry keeps its files: `docker/registry/v2/blobs/sha256/…`. */
  readonly storage: string;
  readonly log: () => string;
  /** Requests that were answered, as `GET /v2/… 200`, in order. */
  readonly requests: () => string[];
  readonly stop: () => Promise<void>;
}

interface Material {
  readonly server: Certificate | null;
  readonly authority: Authority | null;
  readonly tokenServer: TokenServer | null;
}

function configText(options: RegistryOptions, folder: string, material: Material): string {
  const tls =
    material.server === null || material.authority === null
      ? {}
      : {
          tls: {
            certificate: material.server.certificateFile,
            key: material.server.keyFile,
            ...(options.clientCertificates === true ? { clientcas: [material.authority.caFile] } : {}),
          },
        };
  const token = material.tokenServer;
  const auth = {
    ...(options.htpasswd === undefined ? {} : { htpasswd: { realm: "lab", path: join(folder, "htpasswd") } }),
    ...(token === null
      ? {}
      : {
          token: {
            realm: token.realm,
            service: token.service,
            issuer: token.issuer,
            rootcertbundle: token.certificateFile,
          },
        }),
  };
  // JSON is YAML
  return JSON.stringify({
    version: "0.1",
    log: { level: "info", accesslog: { disabled: options.quiet === true } },
    storage: {
      ...(options.quiet === true ? { cache: { blobdescriptor: "inmemory" } } : {}),
      filesystem: { rootdirectory: join(folder, "storage") },
      delete: { enabled: true },
      maintenance: { uploadpurging: { enabled: false } },
    },
    ...(Object.keys(auth).length === 0 ? {} : { auth }),
    ...(options.schema1 === true ? { compatibility: { schema1: { enabled: true } } } : {}),
    // port 0: the registry takes a free one itself and says which
    http: { addr: `${options.address ?? "127.0.0.1"}:0`, secret: "lab", ...tls },
  });
}

async function prepare(options: RegistryOptions, folder: string): Promise<Material & { client: Certificate | null }> {
  await mkdir(join(folder, "storage"));
  const { htpasswd } = options;
  if (htpasswd !== undefined) {
    await writeFile(join(folder, "htpasswd"), await runTool("htpasswd", ["-Bbn", htpasswd.user, htpasswd.password]));
  }
  const names = ["localhost", "127.0.0.1", "::1", ...(options.address === undefined ? [] : [options.address])];
  const authority = options.tls === undefined || options.tls === false ? null : await makeAuthority(folder);
  const server =
    (await authority?.issue("registry", [...names, ...(typeof options.tls === "object" ? options.tls.names : [])])) ??
    null;
  const client = options.clientCertificates === true ? ((await authority?.issue("client", [])) ?? null) : null;
  const tokenServer =
    options.token === undefined ? null : await startTokenServer({ ...options.token, folder, certificate: server });
  return { authority, server, client, tokenServer };
}

function requestsIn(log: string): string[] {
  return [...log.matchAll(/"([A-Z]+ \S+) HTTP\/[0-9.]+" ([0-9]{3}) /g)].map(
    ([, request, status]) => `${request} ${status}`,
  );
}

/** A real docker-registry with its own storage, and whatever the options ask for around it. */
export async function startRegistry(options: RegistryOptions = {}): Promise<Registry> {
  const folder = await makeFolder("registry");
  const material = await prepare(options, folder.path);
  const config = join(folder.path, "config.yml");
  await writeFile(config, configText(options, folder.path, material));
  const program = findProgram("docker-registry") ?? "docker-registry";
  const server = launch([...(options.prefix ?? []), program, "serve", config], {
    logFile: join(folder.path, "registry.log"),
  });
  let ended = false;
  void server.ended.then(() => (ended = true));
  const listening = await until("docker-registry listens", () => {
    if (ended) throw new Error(`docker-registry does not start: ${server.log()}`);
    return /listening on (\S+?:[0-9]+)/.exec(server.log())?.[1];
  });
  return {
    host: listening,
    url: `${material.server === null ? "http" : "https"}://${listening}`,
    caFile: material.authority?.caFile ?? null,
    clientCertificate: material.client,
    credentials: options.htpasswd ?? options.token?.users?.[0] ?? null,
    tokenServer: material.tokenServer,
    folder: folder.path,
    storage: join(folder.path, "storage"),
    log: server.log,
    requests: () => requestsIn(server.log()),
    async stop() {
      await server.stop();
      await material.tokenServer?.stop();
      await folder.remove();
    },
  };
}
