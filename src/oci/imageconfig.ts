/** What tells two image configs apart. image-spec 1.1, config.md */
export interface ImageConfig {
  readonly created: string | null;
  readonly labels: Readonly<Record<string, string>>;
  /** The digests of the unpacked layers, the base first. */
  readonly diffIds: readonly string[];
}

type Fields = Readonly<Record<string, unknown>>;

/** Reads what is there, and never throws: it explains a difference and decides nothing. Null if it is no JSON object. */
export function imageConfigOf(bytes: Uint8Array): ImageConfig | null {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return null;
  }
  if (!isFields(value)) return null;
  const inner = isFields(value["config"]) ? value["config"] : {};
  const labels = isFields(inner["Labels"]) ? inner["Labels"] : {};
  const rootfs = isFields(value["rootfs"]) ? value["rootfs"] : {};
  const diffIds = Array.isArray(rootfs["diff_ids"]) ? rootfs["diff_ids"] : [];
  return {
    created: typeof value["created"] === "string" ? value["created"] : null,
    labels: Object.fromEntries(
      Object.entries(labels).filter((each): each is [string, string] => typeof each[1] === "string"),
    ),
    diffIds: diffIds.filter((each): each is string => typeof each === "string"),
  };
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
