import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { Tofu3Error, visible } from "../errors.ts";
import type { RegistrySettings } from "../model/credentials.ts";
import { Secret } from "../secret.ts";
import type { Trust } from "../model/trust.ts";
import type { Config, RegistryConfig } from "./config.ts";
import type { NamedFile } from "./places.ts";
import { registryName } from "./registryname.ts";
import { readSmallText } from "../smallfile.ts";

const BEGIN = "-----BEGIN CERTIFICATE-----";

function refuse(file: NamedFile, words: string, cause?: unknown): Tofu3Error {
  return new Tofu3Error("E_CONFIG", `${file.at}: ${JSON.stringify(file.path)} ${words}`, {
    hint: "it must be a PEM file that you may read; relative paths count from the folder of the configuration",
    cause,
  });
}

/** The text of a PEM file that the configuration names. Throws E_CONFIG with its place. */
export async function readPem(file: NamedFile, what: string): Promise<string> {
  const text = await readSmallText(file.path, { what: `${file.at}: ${what}`, code: "E_CONFIG", limit: 1024 * 1024 });
  if (text === null) throw refuse(file, "does not exist");
  return text;
}

async function readCertificates(file: NamedFile, what: string): Promise<{ text: string; first: X509Certificate }> {
  const text = await readPem(file, what);
  try {
    const [, ...blocks] = text.split(BEGIN);
    const [first] = blocks.map((block) => new X509Certificate(BEGIN + block));
    if (first !== undefined) return { text, first };
  } catch (cause) {
    throw refuse(file, "has a certificate that cannot be read", cause);
  }
  throw refuse(file, 'has no certificate; a PEM file has "' + `${BEGIN}"`);
}

/** Drops the parser's error as a cause: no part of a key may go into an error. */
function parseKey(file: NamedFile, text: string): KeyObject {
  try {
    return createPrivateKey(text);
  } catch {
    throw refuse(
      file,
      /ENCRYPTED/.test(text) ? "is encrypted; give a key without a passphrase" : "is not a private key in PEM",
    );
  }
}

async function readTrust({ caFile, client }: RegistryConfig): Promise<Trust | null> {
  if (caFile === null && client === null) return null;
  const ca = caFile === null ? null : (await readCertificates(caFile, "the authorities")).text;
  if (client === null) return { ca, clientCertificate: null };
  const { text: certificate, first } = await readCertificates(client.certificate, "the client certificate");
  const key = await readPem(client.key, "the client key");
  if (!first.checkPrivateKey(parseKey(client.key, key))) {
    throw refuse(client.key, `is not the key of the certificate ${JSON.stringify(visible(client.certificate.path))}`);
  }
  return { ca, clientCertificate: { certificate, key: new Secret(key) } };
}

/**
 * Reads every certificate once, before anything is fetched; the returned function does no I/O. It finds a registry by
 * its exact `host[:port]`, and Docker Hub by any of its names. Throws E_CONFIG with the position in the configuration.
 */
export async function readRegistrySettings(config: Config): Promise<(hostPort: string) => RegistrySettings> {
  const settings = new Map<string, RegistrySettings>();
  for (const [name, entry] of config.registries) {
    settings.set(name, { plainHttp: entry.plainHttp, trust: await readTrust(entry) });
  }
  return (hostPort) => settings.get(registryName(hostPort) ?? hostPort) ?? { plainHttp: false, trust: null };
}
