/** How much of what one worker reports its VM signed itself. */
export interface Signed {
  readonly worker: string;
  /** The VM's key, `SHA256:…`; null if nothing that it signed counts. */
  readonly by: string | null;
  /** How many of the objects of the observation it signed. */
  readonly objects: number;
  /** How many there are. */
  readonly of: number;
  /** Why nothing counts although something is signed; null otherwise. */
  readonly why: string | null;
}
