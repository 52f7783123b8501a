/** Where and how to reach one VM, after ~/.ssh/config has been applied. */
export interface SshTarget {
  /** Name of the worker, for messages. */
  readonly worker: string;
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** In the order they are tried; `named` ones are configured explicitly and must be readable. */
  readonly identityFiles: readonly { readonly file: string; readonly named: boolean }[];
  /** Socket of an SSH agent. */
  readonly agent: string | null;
  /** Offer only those of the agent's keys that are in identity files. ssh_config(5) */
  readonly identitiesOnly: boolean;
  /** `SHA256:…`; replaces known_hosts. */
  readonly hostKey: string | null;
  readonly knownHostsFiles: readonly string[];
  /** Name of the host in known_hosts, if it differs (HostKeyAlias). */
  readonly hostKeyAlias: string | null;
  /** ProxyJump: the host to connect through. */
  readonly jump: SshTarget | null;
}
