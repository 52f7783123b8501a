import { randomBytes } from "node:crypto";
import { link, mkdir, stat, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { errnoOf, quoted, syncDirectory, writeSmallFile } from "../durable.ts";
import { readSmallText, type FileKind } from "../smallfile.ts";
import { fault, onLedger } from "./faults.ts";
import { keyOf, type LedgerKey } from "./line.ts";

const KIND: FileKind = { what: "the key of the ledger", code: "E_LEDGER", limit: 1024 };
const HEX = /^[0-9a-f]{64}\n?$/;
const BYTES = 32;

function pathOf(stateDir: string): string {
  return join(stateDir, "ledger.key");
}

/** The key of this coordinator; null if it has none yet. Throws E_LEDGER for a file that cannot be one. */
export async function readKey(stateDir: string): Promise<LedgerKey | null> {
  const path = pathOf(stateDir);
  const text = await readSmallText(path, KIND);
  if (text === null) return null;
  const { mode } = await onLedger("read the key of the ledger", path, () => stat(path));
  if ((mode & 0o077) !== 0) {
    throw fault(
      `cannot use the key of the ledger ${quoted(path)}`,
      "other users may read it or write to it",
      `chmod 600 ${quoted(path)}; if somebody else may know it, remove it: the entries made with it then earn nothing`,
    );
  }
  if (HEX.test(text)) return keyOf(Buffer.from(text.trim(), "hex"));
  throw fault(
    `cannot use the key of the ledger ${quoted(path)}`,
    `it is not ${2 * BYTES} hex characters`,
    "restore it, or remove it: tofu3 then makes a new one, and the entries made with the old one earn nothing",
  );
}

/** The same; makes a key if there is none. Of processes that do so at once, all get the same one. */
export async function ensureKey(stateDir: string): Promise<LedgerKey> {
  const found = await readKey(stateDir);
  if (found !== null) return found;
  const path = pathOf(stateDir);
  await onLedger("write the key of the ledger", path, () => makeKey(path));
  return (await readKey(stateDir)) ?? ensureKey(stateDir);
}

async function makeKey(path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const draft = `${path}.${randomBytes(6).toString("hex")}`;
  const text = `${randomBytes(BYTES).toString("hex")}\n`;
  await writeSmallFile(draft, text, 0o600);
  try {
    await nameFile(draft, path, text);
  } finally {
    await unlink(draft);
  }
  await syncDirectory(dirname(path));
}

/** Never replaces a key; whole at once where the file system has hard links. */
async function nameFile(draft: string, path: string, text: string): Promise<void> {
  const unlessThere = (error: unknown): void => {
    if (errnoOf(error) !== "EEXIST") throw error;
  };
  try {
    await link(draft, path).catch(unlessThere);
  } catch {
    await writeSmallFile(path, text, 0o600).catch(unlessThere);
  }
}
