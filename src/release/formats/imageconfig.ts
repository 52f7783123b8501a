import { Tofu3Error } from "../../errors.ts";

export type Fields = Readonly<Record<string, unknown>>;

/**
 * What Docker's formats need of an image config: its members, and the diff_ids of its layers, the base first.
 * image-spec 1.1, config.md. Finds `rootfs` in any case, as Docker does. Throws E_RELEASE for any other config.
 */
export function parseConfig(bytes: Uint8Array): { readonly fields: Fields; readonly diffIds: readonly unknown[] } {
  const fields = parseFields(bytes);
  const name = "rootfs" in fields ? "rootfs" : Object.keys(fields).find((key) => key.toLowerCase() === "rootfs");
  const rootfs = name === undefined ? null : fields[name];
  const diffIds = isFields(rootfs) ? (rootfs["diff_ids"] ?? []) : null;
  if (!Array.isArray(diffIds)) throw noImage("its config has no rootfs.diff_ids");
  return { fields, diffIds };
}

function parseFields(bytes: Uint8Array): Fields {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    throw noImage("its config is not JSON", cause);
  }
  if (!isFields(value)) throw noImage("its config is not a JSON object");
  return value;
}

export function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** E_RELEASE: Docker's formats cannot hold the artifact. */
export function noImage(why: string, cause?: unknown): Tofu3Error {
  return new Tofu3Error("E_RELEASE", `the artifact is not a container image that Docker's formats can hold: ${why}`, {
    hint: "release it to oci:DIR, which keeps every artifact as it is",
    cause,
  });
}

/** JSON of an object with its members sorted by name, undefined ones left out: equal content gives equal text. */
export function sortedJson(fields: Readonly<Record<string, unknown>>): string {
  return JSON.stringify(Object.fromEntries(Object.entries(fields).sort(([a], [b]) => (a < b ? -1 : 1))));
}
