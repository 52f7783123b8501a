import type { Config } from "../config/config.ts";
import type { NamedFile } from "../config/places.ts";
import { Tofu3Error } from "../errors.ts";
import type { Distinct } from "../model/policy.ts";
import { readSmallFile } from "../smallfile.ts";
import type { ExitPlan } from "../worker/vantage.ts";

/** Tables of single addresses have some hundred megabytes. */
const MOST_BYTES = 512 * 1024 * 1024;
const NEEDS_EXIT: readonly Distinct[] = ["network", "asn", "country"];

/** Null if the policy does not ask where the workers leave. Throws E_CONFIG for a table that cannot be read. */
export async function readExitPlan({ policy, exits }: Pick<Config, "policy" | "exits">): Promise<ExitPlan | null> {
  if (!policy.distinct.some((each) => NEEDS_EXIT.includes(each))) return null;
  return { echoes: exits.echo, placeOf: await readTables(exits.geo) };
}

/** The same for `workers check`, which also tells what the policy does not ask for, if there is anything to ask. */
export async function readCheckPlan(config: Pick<Config, "policy" | "exits">): Promise<ExitPlan | null> {
  const { echo, geo } = config.exits;
  if (echo.length === 0 && geo.country === null && geo.asn === null) return readExitPlan(config);
  return { echoes: echo, placeOf: await readTables(geo) };
}

/** Reads the tables once; what it returns does no I/O. Throws E_CONFIG with the place in the configuration. */
export async function readTables({ country, asn }: Config["exits"]["geo"]): Promise<ExitPlan["placeOf"]> {
  const [countries, networks] = await Promise.all([
    country === null ? null : readTable(country, "the table of countries"),
    asn === null ? null : readTable(asn, "the table of networks"),
  ]);
  return (address) => ({ country: countryIn(lookUp(countries, address)), asn: asnIn(lookUp(networks, address)) });
}

type Row = Readonly<Record<string, unknown>>;
type Table = (address: string) => Row;

async function readTable(file: NamedFile, what: string): Promise<Table> {
  const bytes = await readSmallFile(file.path, { what: `${file.at}: ${what}`, code: "E_CONFIG", limit: MOST_BYTES });
  if (bytes === null) throw refused(file, "does not exist");
  try {
    const { Reader } = await import("mmdb-lib");
    const reader = new Reader(bytes);
    // it would read an IPv6 address as an IPv4 one
    const isOld = reader.metadata.ipVersion === 4;
    const table: Table = (address) => rowOf(isOld && address.includes(":") ? null : reader.get(address));
    // the reader takes much for a table, and finds out at the first look
    table("192.0.2.1");
    return table;
  } catch (cause) {
    throw refused(file, "is not an .mmdb file, or is damaged", cause);
  }
}

function refused(file: NamedFile, words: string, cause?: unknown): Tofu3Error {
  return new Tofu3Error("E_CONFIG", `${file.at}: ${JSON.stringify(file.path)} ${words}`, {
    hint: "MaxMind, DB-IP and IPinfo have such tables to download; docs/vantages.md says which",
    cause,
  });
}

/** Empty for an address that the table does not know, or where the table is damaged. */
function lookUp(table: Table | null, address: string): Row {
  try {
    return table?.(address) ?? {};
  } catch {
    return {};
  }
}

function rowOf(value: unknown): Row {
  return typeof value === "object" && value !== null ? (value as Row) : {};
}

/** `country.iso_code` of MaxMind and DB-IP, `country_code` or `country` of IPinfo. */
function countryIn(row: Row): string | null {
  const code = [rowOf(row["country"])["iso_code"], row["country_code"], row["country"]].find(
    (each) => typeof each === "string" && /^[A-Z]{2}$/.test(each),
  );
  return typeof code === "string" ? code : null;
}

/** `autonomous_system_number` of MaxMind and DB-IP, `asn` of IPinfo, with or without its AS. */
function asnIn(row: Row): string | null {
  const number = row["autonomous_system_number"] ?? row["asn"];
  const [, digits] = /^(?:AS)?([1-9]\d{0,9})$/.exec(String(number)) ?? [];
  return digits === undefined ? null : `AS${digits}`;
}
