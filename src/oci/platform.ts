/** image-spec 1.1, image-index.md, "platform". Normalised: `aarch64` is `arm64`, `macos` is `darwin`, … */
export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
  /** `os.version` of the specification: `macOS 13.6`, `10.0.17763.1`, … */
  readonly osVersion?: string;
}
