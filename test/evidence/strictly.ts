import Ajv, { type ValidateFunction } from "ajv";

/** The same schema, where no object may have a key that it does not name. */
export function strictly<T>(schema: T): T {
  const text = JSON.stringify(schema, (key, value: unknown) => {
    return key === "additionalProperties" && JSON.stringify(value) === "{}" ? false : value;
  });
  return JSON.parse(text) as T;
}

export function compile(schema: object): ValidateFunction {
  return new Ajv({ allErrors: true, unknownFormats: "ignore" }).compile(schema);
}
