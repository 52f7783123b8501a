export const FORMATS = ["oci", "oci-archive", "docker-archive", "docker-v1", "file"] as const;
export type Format = (typeof FORMATS)[number];

/** `-o DEST`, parsed. `auto` is a bare path: `file` for a bottle or any other one-layer artifact, `oci` otherwise. */
export interface Destination {
  readonly format: Format | "auto";
  readonly path: string;
  /** Replace an existing destination. */
  readonly force: boolean;
  /**
   * In the directory `path`, the name of a result that has no plain file name of its own; without it such a result is
   * refused.
   */
  readonly otherwise?: string;
  /**
   * Where several results go to one place: takes this path for this one, for good. False if it is that of another one.
   */
  readonly claim?: (path: string) => boolean;
}

export interface Released {
  readonly format: Format;
  readonly path: string;
}
