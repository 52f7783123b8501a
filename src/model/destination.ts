export const FORMATS = ["oci", "oci-archive", "docker-archive", "docker-v1", "file"] as const;
export type Format = (typeof FORMATS)[number];

/** `-o DEST` after parsing. `auto` is a bare path: `file` for a bottle or another one-layer artifact, `oci` otherwise. */
export interface Destination {
  readonly format: Format | "auto";
  readonly path: string;
  /** Replace what is there. */
  readonly force: boolean;
}

export interface Released {
  readonly format: Format;
  readonly path: string;
}
