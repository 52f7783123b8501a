import { resolve } from "node:path";
import { Tofu3Error } from "../errors.ts";
import type { Subject } from "../model/subject.ts";
import { holdTo } from "../pins/lock.ts";
import { readLock } from "../pins/lockfile.ts";

/** The lock is a pin like the one in `name:tag@digest`. Throws E_USAGE. */
export async function heldTo(file: string, subject: Subject, cwd: string): Promise<Subject> {
  const path = resolve(cwd, file);
  const found = await readLock(path);
  if (found !== null) return holdTo(found.lock, subject, path);
  throw new Tofu3Error("E_USAGE", `cannot read the lock ${JSON.stringify(path)}: there is no such file`, {
    hint: "tofu3 pin writes it",
  });
}
