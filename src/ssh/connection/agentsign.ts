import { messageOf, visible } from "../../errors.ts";
import { orAborted } from "../../http/deadline.ts";
import { restrictedAgent } from "./agent.ts";

const PATIENCE_MS = 60_000;
const SIGNATURE_BYTES = 64;

/**
 * An Ed25519 signature by an agent, 64 bytes, or why there is none, in words. An agent may ask a person first, so it has
 * a minute; rejects with the reason of `signal`. `publicKey` is in SSH's encoding. draft-ietf-sshm-ssh-agent, "Signing"
 */
export function signInAgent(
  socket: string,
  publicKey: Buffer,
  data: Uint8Array,
  signal: AbortSignal,
): Promise<Uint8Array | string> {
  const agent = restrictedAgent(socket, [publicKey]);
  const signed = new Promise<Uint8Array | string>((resolve) => {
    const timer = setTimeout(() => resolve(`it did not answer within ${PATIENCE_MS / 1000} s`), PATIENCE_MS);
    agent.sign(publicKey, Buffer.from(data), (error, signature) => {
      clearTimeout(timer);
      // the bare signature, or it behind its name
      if (error === undefined || error === null)
        resolve(new Uint8Array((signature ?? Buffer.alloc(0)).subarray(-SIGNATURE_BYTES)));
      else resolve(visible(messageOf(error), 200));
    });
  });
  return orAborted(signed, signal);
}
