import { BROKEN, exit, type Command } from "../command.ts";
import { isOn } from "../values.ts";

export interface KeygenArguments {
  readonly command: "keygen";
  readonly file: string;
  /** Asks for one. */
  readonly passphrase: boolean;
}

export const KEYGEN: Command<KeygenArguments> = {
  name: "keygen",
  positionals: ["FILE"],
  summary: "make a key that signs evidence",
  description: [
    "Writes an Ed25519 key: the private one to FILE (PKCS#8 in PEM, for its owner alone), the public one to",
    "FILE.pub. Neither replaces a file. FILE signs what verify saw, and FILE.pub is for whoever judges it.",
  ],
  flags: [{ name: "passphrase", text: "encrypt FILE with a passphrase, asked for on the terminal" }],
  examples: [
    ["tofu3 keygen ~/.config/tofu3/laptop", "a key for this machine"],
    ["tofu3 verify alpine:3.20 --sign ~/.config/tofu3/laptop --report alpine.intoto.jsonl", "sign what was seen"],
    ["tofu3 judge --trust laptop.pub alpine.intoto.jsonl", "somebody else judges it"],
  ],
  exits: [
    exit(0, "both files are written"),
    BROKEN,
    exit(2, "usage is wrong, or a file cannot be written"),
    exit(130, "interrupted; nothing was written"),
  ],
  read: (words, flags) => ({ command: "keygen", file: words[0] ?? "", passphrase: isOn(flags, "passphrase") }),
};
