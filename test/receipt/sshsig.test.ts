import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { signerOf } from "../../src/receipt/sshsig.ts";
import { makeSigner, type Signer } from "./signer.ts";

let signer: Signer;
beforeAll(async () => void (signer = await makeSigner()));
afterAll(() => signer.remove());

const TEXT = "tofu3 receipt 1\nsomething\n";

function armored(blob: Buffer): string {
  return `-----BEGIN SSH SIGNATURE-----\n${blob.toString("base64")}\n-----END SSH SIGNATURE-----\n`;
}

function blobOf(signature: string): Buffer {
  return Buffer.from(signature.split("\n").slice(1, -2).join(""), "base64");
}

describe("a signature of ssh-keygen", () => {
  test.each([[[]], [["-O", "hashalg=sha256"]]])("%j is by its key", async (options) => {
    const { text, signature } = await signer.sign(TEXT, ["-n", "tofu3", ...options]);
    expect(signerOf(text, signature)?.id).toBe(signer.id);
    expect(signerOf(text, signature.trimEnd())?.id).toBe(signer.id);
    expect(signerOf(text, armored(blobOf(signature)))?.id).toBe(signer.id);
  });

  test("of another text is nobody's", async () => {
    const { text, signature } = await signer.sign(TEXT);
    for (const other of [`${text} `, text.replace("o", "\u016f"), text.trimEnd(), text.replace("\n", "\r\n"), ""])
      expect(signerOf(other, signature)).toBeNull();
  });

  test.each(["git", "file", "tofu3 ", "tofu"])("for %j is nobody's", async (purpose) => {
    const { text, signature } = await signer.sign(TEXT, ["-n", purpose]);
    expect(signerOf(text, signature)).toBeNull();
  });

  test.each(["rsa", "ecdsa"] as const)("by a key of the kind %s is nobody's", async (type) => {
    const other = await makeSigner(type);
    const { text, signature } = await other.sign(TEXT);
    expect(signerOf(text, signature)).toBeNull();
    await other.remove();
  });

  test("with any other byte, fewer or more of them, is nobody's", async () => {
    const { text, signature } = await signer.sign(TEXT);
    const blob = blobOf(signature);
    for (let at = 0; at < blob.length; at++) {
      const other = Buffer.from(blob);
      other[at] = (other[at] ?? 0) ^ 1;
      expect(signerOf(text, armored(other)), `byte ${at}`).toBeNull();
      expect(signerOf(text, armored(blob.subarray(0, at))), `${at} bytes`).toBeNull();
    }
    expect(signerOf(text, armored(Buffer.concat([blob, Buffer.alloc(4)])))).toBeNull();
    expect(signerOf(text, armored(Buffer.concat([blob, Buffer.alloc(1)])))).toBeNull();
  });

  test.each(["", "x", "-----BEGIN SSH SIGNATURE-----\n-----END SSH SIGNATURE-----\n", armored(Buffer.from("SSHSIG"))])(
    "%j is none",
    (signature) => expect(signerOf(TEXT, signature)).toBeNull(),
  );
});
