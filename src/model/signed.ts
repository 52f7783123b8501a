/** How much of what one worker reports its VM signed itself. */
export interface Signed {
  readonly worker: string;
  /** The VM's key, `SHA256:…`; null if nothing that it signed counts. */
  readonly by: string | null;
  /** How many of the objects of the observation it signed. */
  readonly objects: number;
  /** How many there are. */
  readonly of: number;
  /**
   * What stood for TLS on the way to the root of a tag in place of the VM's own authorities: the sha256 of each file of
   * authorities that the coordinator gave it, hex.
   */
  readonly authorities: readonly string[];
  /** Why nothing counts although something is signed; null otherwise. */
  readonly why: string | null;
}
