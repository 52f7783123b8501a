import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readCheckPlan, readExitPlan, readTables } from "../../src/coordinator/geo.ts";
import type { Distinct } from "../../src/model/policy.ts";
import { mmdbOf } from "../lab/mmdb.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "tofu3-test-"));
});
afterAll(() => rm(folder, { recursive: true }));

async function named(name: string, bytes: Uint8Array): Promise<{ path: string; at: string }> {
  const path = join(folder, name);
  await writeFile(path, bytes);
  return { path, at: `tofu3.yaml:9:1: policy.geo.${name}` };
}

const COUNTRIES = mmdbOf({
  "198.51.100.0/24": { country: { iso_code: "DE" } },
  "2001:db8:1::/48": { country: { iso_code: "SG" } },
  "203.0.113.0/25": { country_code: "US", country: "United States" },
  "203.0.113.128/25": { registered_country: { iso_code: "FR" } },
  "192.0.2.0/24": { country: { iso_code: "not a code" } },
});
const NETWORKS = mmdbOf({
  "198.51.100.0/24": { autonomous_system_number: 64500, autonomous_system_organization: "x" },
  "2001:db8:1::/48": { asn: "AS64501" },
  "203.0.113.0/24": { asn: "a network" },
});

test.each([
  { address: "198.51.100.7", country: "DE", asn: "AS64500" },
  { address: "2001:db8:1::7", country: "SG", asn: "AS64501" },
  { address: "203.0.113.7", country: "US", asn: null },
  { address: "203.0.113.200", country: null, asn: null },
  { address: "192.0.2.1", country: null, asn: null },
  { address: "8.8.8.8", country: null, asn: null },
  { address: "no address", country: null, asn: null },
])("$address is in $country and $asn", async ({ address, country, asn }) => {
  const [countries, networks] = await Promise.all([named("country", COUNTRIES), named("asn", NETWORKS)]);
  const placeOf = await readTables({ country: countries, asn: networks });
  expect(placeOf(address)).toEqual({ country, asn });
  expect((await readTables({ country: null, asn: networks }))(address)).toEqual({ country: null, asn });
});

test("a table of IPv4 alone knows no IPv6 address, not even one whose bits begin alike", async () => {
  const table = await named("country", mmdbOf({ "32.0.0.0/3": { country: { iso_code: "DE" } } }, 4));
  const placeOf = await readTables({ country: table, asn: null });
  expect([placeOf("33.1.1.1").country, placeOf("2001:db8::1").country]).toEqual(["DE", null]);
});

describe("a table that cannot be read is E_CONFIG, with its place", () => {
  test.each([
    { why: "text", bytes: Buffer.from("<html>not found</html>"), says: "is not an .mmdb file, or is damaged" },
    { why: "nothing", bytes: Buffer.alloc(0), says: "is not an .mmdb file, or is damaged" },
    { why: "the first half", bytes: COUNTRIES.subarray(0, 200), says: "is not an .mmdb file, or is damaged" },
    { why: "the end alone", bytes: COUNTRIES.subarray(-170), says: "is not an .mmdb file, or is damaged" },
  ])("$why", async ({ bytes, says }) => {
    const country = await named("country", bytes);
    await expect(readTables({ country, asn: null })).rejects.toMatchObject({
      code: "E_CONFIG",
      message: `tofu3.yaml:9:1: policy.geo.country: ${JSON.stringify(country.path)} ${says}`,
    });
  });

  test("that is missing, or a folder", async () => {
    const missing = { path: join(folder, "nothing"), at: "x.yaml:1:1: policy.geo.asn" };
    await expect(readTables({ country: null, asn: missing })).rejects.toMatchObject({
      code: "E_CONFIG",
      message: `x.yaml:1:1: policy.geo.asn: ${JSON.stringify(missing.path)} does not exist`,
    });
    await expect(readTables({ country: null, asn: { ...missing, path: folder } })).rejects.toMatchObject({
      code: "E_CONFIG",
      message: expect.stringContaining("it is a folder") as unknown,
    });
  });
});

test("tables are read, and services asked, only where the policy or workers check wants it", async () => {
  const missing = { path: join(folder, "nothing"), at: "x.yaml:1:1: policy.geo.asn" };
  const config = (distinct: readonly Distinct[], echo: readonly string[] = []) => ({
    policy: { distinct, days: 1, onChange: "notice" as const },
    exits: { echo, geo: { country: missing, asn: null } },
  });
  expect(await readExitPlan(config(["machine"], ["https://x/"]))).toBeNull();
  for (const distinct of ["network", "asn", "country"] as const)
    await expect(readExitPlan(config([distinct]))).rejects.toMatchObject({ code: "E_CONFIG" });
  await expect(readCheckPlan(config(["machine"]))).rejects.toMatchObject({ code: "E_CONFIG" });
  const nothing = { policy: config([]).policy, exits: { echo: [], geo: { country: null, asn: null } } };
  expect(await readCheckPlan(nothing)).toBeNull();
  expect(await readCheckPlan({ ...nothing, exits: { ...nothing.exits, echo: ["https://x/"] } })).not.toBeNull();
});
