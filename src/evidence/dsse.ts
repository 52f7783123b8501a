import type { Signer } from "./keys/signer.ts";

/** The payloadType of in-toto statements. in-toto attestation 1.0, "Envelope" */
export const PAYLOAD_TYPE = "application/vnd.in-toto+json";

/** What is signed. DSSE v1 protocol, "PAE" */
export function preAuthEncoding(payloadType: string, payload: Uint8Array): Buffer {
  const head = `DSSEv1 ${Buffer.byteLength(payloadType)} ${payloadType} ${payload.length} `;
  return Buffer.concat([Buffer.from(head), payload]);
}

/** The envelope of a statement, on one line without its end. DSSE v1 envelope, "JSON" */
export async function envelopeOf(payload: Uint8Array, signer: Signer): Promise<string> {
  const signature = await signer.sign(preAuthEncoding(PAYLOAD_TYPE, payload));
  return JSON.stringify({
    payload: Buffer.from(payload).toString("base64"),
    payloadType: PAYLOAD_TYPE,
    signatures: [{ keyid: signer.key.id, sig: Buffer.from(signature).toString("base64") }],
  });
}
