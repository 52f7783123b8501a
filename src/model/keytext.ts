/** A public key that stands where a file could be named: `ssh-ed25519 AAAA…`. */
export function isKeyText(text: string): boolean {
  return /^(?:ssh|ecdsa|sk)-\S+ /.test(text);
}
