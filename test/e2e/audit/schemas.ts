import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import Ajv from "ajv";

/** The JSON schemas that editors and linters check these files with, as SchemaStore has them. */

const require = createRequire(import.meta.url);
const FOLDER = join(dirname(require.resolve("schemastore/package.json")), "schemas/json");

function readJson(file: string): object {
  return JSON.parse(readFileSync(file, "utf8")) as object;
}

const ajv = new Ajv({ schemaId: "auto", unknownFormats: "ignore", logger: false });
ajv.addMetaSchema(readJson(require.resolve("ajv/lib/refs/json-schema-draft-04.json")));
ajv.addSchema(readJson(join(FOLDER, "kubernetes-definitions.json")));

/** What the schema says is wrong with the value; empty if nothing is. `part` is a pointer into the schema. */
export function mistakesOf(schema: string, value: unknown, part = ""): readonly string[] {
  const found = ajv.getSchema(schema);
  if (found === undefined) ajv.addSchema(readJson(join(FOLDER, schema)), schema);
  const valid = ajv.validate(`${schema}${part}`, value);
  return valid === true ? [] : (ajv.errors ?? []).map(({ dataPath, message }) => `${dataPath} ${message ?? ""}`);
}
