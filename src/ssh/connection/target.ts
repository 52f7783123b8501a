/** Where and how one VM is reached, after ~/.ssh/config has been applied. */
export interface SshTarget {
  /** Name of the worker, for messages. */
  readonly worker: string;
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** In the order they are tried; `named` ones were asked for and must be readable. */
  readonly identityFiles: readonly { readonly file: string; readonly named: boolean }[];
  /** Socket of an ssh agent. */
  readonly agent: string | null;
  /** Of the agent's keys only those of the identity files are offered. ssh_config(5) */
  readonly identitiesOnly: boolean;
  /** `SHA256:…`; replaces known_hosts. */
  readonly hostKey: string | null;
  readonly knownHostsFiles: readonly string[];
  /** Name under which the key is filed, where it is not the host (HostKeyAlias). */
  readonly hostKeyAlias: string | null;
  /** ProxyJump: the host that is connected to first. */
  readonly jump: SshTarget | null;
}
