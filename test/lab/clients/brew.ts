import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Outcome } from "../cli.ts";
import { runCommand } from "../cli.ts";
import type { Home } from "./home.ts";

/** A formula as its JSON describes it: where its bottle is. */
export interface Formula {
  readonly name: string;
  /** The tag of its index. */
  readonly version: string;
  /** `sha256:…` of the bottle. */
  readonly bottle: string;
}

export interface Brew {
  /** With `brew` in its PATH. */
  readonly env: Readonly<Record<string, string>>;
  /** `brew fetch FORMULA`, with these HOMEBREW_ variables. */
  readonly fetch: (variables: Readonly<Record<string, string>>) => Promise<Outcome>;
}

/**
 * What Homebrew has curl do, and nothing else of Homebrew: for the index and for the bottle a HEAD, then a GET with its
 * arguments; each URL first at HOMEBREW_ARTIFACT_DOMAIN, then, unless HOMEBREW_ARTIFACT_DOMAIN_NO_FALLBACK, where it
 * really is. (utils/curl.rb, download_strategy/curl_download_strategy.rb, curl_github_packages_download_strategy.rb)
 */
export async function installBrew(home: Home, { name, version, bottle }: Formula): Promise<Brew> {
  const bin = join(home.path, "bin");
  await mkdir(bin, { recursive: true });
  await writeFile(join(bin, "brew"), SCRIPT(name, version, bottle));
  await chmod(join(bin, "brew"), 0o755);
  const env = { ...home.env, PATH: `${bin}:${process.env["PATH"] ?? ""}` };
  return {
    env,
    fetch: (variables) => runCommand(["brew", "fetch", "--force", name], { env: { ...env, ...variables } }),
  };
}

const SCRIPT = (name: string, version: string, bottle: string): string => `#!/bin/sh
# brew fetch --force NAME
cache=\${HOMEBREW_CACHE:-$HOME/cache}
mkdir -p "$cache"
retries=\${HOMEBREW_CURL_RETRIES:-3}
asks() {
  [ "$retries" -gt 0 ] && set -- --retry "$retries" "$@"
  curl --disable --cookie /dev/null --globoff --show-error --user-agent "Homebrew/4.6 (Linux) curl/7.88.1" \\
    --header "Accept-Language: en" --fail --silent "$@"
}
# FILE URL ARGUMENTS...
download() {
  file=$1 url=$2
  shift 2
  [ -n "$HOMEBREW_ARTIFACT_DOMAIN" ] || set -- "$@" --header "Authorization: Bearer QQ=="
  echo "==> Downloading $url"
  asks --fail --location --silent --head "$url" "$@" > /dev/null 2>&1
  asks --remote-time --output "$cache/$file" --location "$url" "$@"
}
fetch() {
  name=$1 origin=$2
  shift 2
  if [ -n "$HOMEBREW_ARTIFACT_DOMAIN" ]; then
    download "$name" "\${HOMEBREW_ARTIFACT_DOMAIN%/}/\${origin#https://ghcr.io/}" "$@" && return
    [ -n "$HOMEBREW_ARTIFACT_DOMAIN_NO_FALLBACK" ] && return 1
    echo "Trying a mirror..."
  fi
  download "$name" "$origin" "$@"
}
repository=https://ghcr.io/v2/homebrew/core/${name}
if fetch index $repository/manifests/${version} --header "Accept: application/vnd.oci.image.index.v1+json" &&
  fetch bottle $repository/blobs/${bottle}; then
  sum=$(sha256sum < "$cache/bottle")
  [ "sha256:\${sum%% *}" = ${bottle} ] && exit
  echo "Error: SHA256 mismatch" >&2
else
  echo 'Error: Failed to download resource "${name}"' >&2
fi
exit 1
`;
