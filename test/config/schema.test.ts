import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { parseConfig } from "../../src/config/config.ts";
import { jsonSchema } from "../../src/config/schema.ts";
import { nameOfProxy } from "../../src/http/proxy.ts";

const place = (name: string): string => fileURLToPath(new URL(`../../config/${name}`, import.meta.url));

test("config/tofu3.schema.json is what the code checks (UPDATE=1 writes it again)", async () => {
  const file = place("tofu3.schema.json");
  const wanted = `${JSON.stringify(jsonSchema(), null, 2)}\n`;
  if (process.env["UPDATE"] === "1") await writeFile(file, wanted);
  expect(await readFile(file, "utf8")).toBe(wanted);
});

test("the example begins with its schema, has no mistake, and shows the defaults", async () => {
  const text = await readFile(place("tofu3.example.yaml"), "utf8");
  expect(text.split("\n")[0]).toBe("# yaml-language-server: $schema=./tofu3.schema.json");
  const config = parseConfig(text, { file: place("tofu3.example.yaml"), home: "/home/kim" });
  const bare = text.slice(0, text.indexOf("\nregistries:"));
  const { policy, limits } = parseConfig(bare, { file: "/x.yaml", home: "/home/kim" });
  expect({ policy: config.policy, limits: config.limits }).toEqual({ policy, limits });
});

test("what is commented out in the example has no mistake either", async () => {
  const text = await readFile(place("tofu3.example.yaml"), "utf8");
  const uncommented = text.replace(
    /^( *)# ( *)(proxy: \S+|forwardCredentials: \S+|echo: \[.*\]|geo: \{.*\}|registry\.corp\S+|caFile: \S+|client\w+: \S+|ledger: \S+)$/gm,
    "$1$2$3",
  );
  const config = parseConfig(uncommented, { file: place("tofu3.example.yaml"), home: "/home/kim" });
  expect(config.workers.map((worker) => (worker.proxy === null ? null : nameOfProxy(worker.proxy)))).toEqual([
    "socks5h://127.0.0.1:9050",
    null,
    "http://proxy.example.org:3128",
  ]);
  expect(config.registries.get("registry.corp.example")?.client).not.toBeNull();
  expect(config.ledger).toBe(place("ledger.jsonl"));
  expect(config.exits.echo).toHaveLength(2);
  expect(config.exits.geo).toMatchObject({
    country: { path: place("country.mmdb") },
    asn: { path: place("asn.mmdb") },
  });
});

test("the schema accepts the example and refuses what editors should mark", async () => {
  const schema = z.fromJSONSchema(jsonSchema());
  const example = parse(await readFile(place("tofu3.example.yaml"), "utf8")) as Record<string, unknown>;
  expect(schema.safeParse(example).success).toBe(true);
  for (const wrong of [
    { ...example, worker: [] },
    { ...example, workers: [] },
    { ...example, policy: { distinct: ["planet"] } },
    { ...example, limits: { retries: -1 } },
  ]) {
    expect(schema.safeParse(wrong).success).toBe(false);
  }
});
