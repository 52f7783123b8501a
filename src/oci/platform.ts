import { Tofu3Error, visible } from "../errors.ts";

/** image-spec 1.1, image-index.md, "platform". Normalised: `aarch64` is `arm64`, `macos` is `darwin`, … */
export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
  /** `os.version` of the specification: `macOS 13.6`, `10.0.17763.1`, … */
  readonly osVersion?: string;
}

const COMPONENT = /^[A-Za-z0-9_.-]{1,64}$/;

/** Aliases known to containerd and regclient; the second part is the variant that the alias implies. */
const ARCHITECTURES: ReadonlyMap<string, readonly [architecture: string, variant: string | null]> = new Map([
  ["i386", ["386", null]],
  ["i686", ["386", null]],
  ["x86_64", ["amd64", null]],
  ["x86-64", ["amd64", null]],
  ["aarch64", ["arm64", null]],
  ["armhf", ["arm", "v7"]],
  ["armel", ["arm", "v6"]],
]);

/** `OS/ARCH[/VARIANT][:OSVERSION]`. Throws E_PLATFORM. */
export function parsePlatform(text: string): Platform {
  const colon = text.indexOf(":");
  const [os, architecture, variant, ...others] = (colon === -1 ? text : text.slice(0, colon)).split("/");
  const osVersion = colon === -1 ? null : text.slice(colon + 1).trim();
  if (os === undefined || architecture === undefined || others.length > 0 || osVersion === "" || /\p{Cc}/u.test(text))
    return refuse(text);
  if (![os, architecture, variant ?? "v"].every((component) => COMPONENT.test(component))) return refuse(text);
  return normalisePlatform(os, architecture, variant ?? null, osVersion);
}

function refuse(text: string): never {
  throw new Tofu3Error("E_PLATFORM", `not a platform: "${visible(text, 100)}"`, {
    hint: "a platform is OS/ARCH[/VARIANT][:OSVERSION], for example linux/amd64, linux/arm/v7 or windows/amd64:10.0.17763",
  });
}

/** One spelling for what tools write in different ways; keeps the OS version as it is. */
export function normalisePlatform(
  os: string,
  architecture: string,
  variant: string | null,
  osVersion: string | null,
): Platform {
  const lower = architecture.toLowerCase();
  const [name, implied] = ARCHITECTURES.get(lower) ?? [lower, null];
  const kept = normaliseVariant(name, (variant ?? implied ?? "").toLowerCase());
  return {
    os: os.toLowerCase() === "macos" ? "darwin" : os.toLowerCase(),
    architecture: name,
    ...(kept === null ? {} : { variant: kept }),
    ...(osVersion === null ? {} : { osVersion }),
  };
}

/** A bare arm64 means `v8`, a bare amd64 means `v1`. */
function normaliseVariant(architecture: string, variant: string): string | null {
  const level = /^(?:arm)?v?([0-9]+)$/.exec(variant)?.[1];
  const name = architecture.startsWith("arm") && level !== undefined ? `v${level}` : variant;
  if (architecture === "arm64" && (name === "v8" || name === "v8.0")) return null;
  if (architecture === "amd64" && name === "v1") return null;
  return name === "" ? null : name;
}

/** `os/architecture[/variant]`, as in observations and reports. */
export function formatPlatform(platform: Platform): string {
  const { os, architecture, variant } = platform;
  return variant === undefined ? `${os}/${architecture}` : `${os}/${architecture}/${variant}`;
}

/** The same with `:osVersion` if there is one; parsePlatform reads it back. */
export function describePlatform(platform: Platform): string {
  return platform.osVersion === undefined
    ? formatPlatform(platform)
    : `${formatPlatform(platform)}:${platform.osVersion}`;
}

/**
 * Whether an index entry matches. A wanted platform without a variant matches every variant (`linux/arm` matches v5, v6
 * and v7: all are kept, none is guessed). One with a variant matches only that variant; an arm entry without one counts
 * as v7, as in containerd.
 */
export function matchesPlatform(have: Platform | null, want: Platform): boolean {
  if (have === null || have.os !== want.os || have.architecture !== want.architecture) return false;
  if (want.osVersion !== undefined && !matchesOsVersion(have, want.osVersion)) return false;
  if (want.variant === undefined) return true;
  return (have.variant ?? (have.architecture === "arm" ? "v7" : null)) === want.variant;
}

/** A prefix at a version boundary: `macOS 11` matches `macOS 11.7`, not `macOS 110`. Ignores case. */
export function matchesOsVersion(have: Platform | null, prefix: string): boolean {
  const version = have?.osVersion?.toLowerCase();
  const wanted = prefix.trim().toLowerCase();
  if (version === undefined || wanted === "" || !version.startsWith(wanted)) return false;
  return !/^[a-z0-9]/.test(version.slice(wanted.length)) || !/[a-z0-9]$/.test(wanted);
}
