/** What a VM says it fetched in one go, signed with a key of its own. docs/evidence.md, "What a VM signs" */
export interface Receipt {
  /** Lines, each with its end; ASCII, as the VM wrote and signed it. */
  readonly text: string;
  /** Base64 of a signature in OpenSSH's format over `text`, namespace `tofu3`. PROTOCOL.sshsig */
  readonly signature: string;
}
