import { join } from "node:path";
import type { Receipt } from "../../src/model/observation.ts";
import { runCommand } from "../lab/cli.ts";
import { makeFolder } from "../lab/processes.ts";
import { fingerprintOf, makeKeyFile, type KeyType } from "../lab/sshd.ts";

export interface Signer {
  /** `SHA256:…` */
  readonly id: string;
  readonly publicKeyFile: string;
  readonly sign: (text: string, options?: readonly string[]) => Promise<Receipt>;
  readonly remove: () => Promise<void>;
}

/** A key of its own, with which ssh-keygen signs. */
export async function makeSigner(type: KeyType = "ed25519"): Promise<Signer> {
  const { path, remove } = await makeFolder("signer");
  const file = join(path, "key");
  await makeKeyFile(file, type);
  return {
    id: await fingerprintOf(`${file}.pub`),
    publicKeyFile: `${file}.pub`,
    remove,
    async sign(text, options = ["-n", "tofu3"]) {
      const { code, stdout, stderr } = await runCommand(["ssh-keygen", "-Y", "sign", ...options, "-f", file], {
        stdin: text,
      });
      if (code !== 0) throw new Error(stderr);
      return { text, signature: stdout };
    },
  };
}
