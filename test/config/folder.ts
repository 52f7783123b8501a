import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { onTestFinished } from "vitest";

/** A folder with these files, gone when the test is over. */
export async function folderWith(files: Readonly<Record<string, string | Uint8Array>>, mode = 0o600): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "tofu3-config-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), content, { mode });
  }
  return folder;
}

/** What was thrown, for a look at its fields. */
export async function thrownBy(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    (value) => {
      throw new Error(`nothing was thrown, but returned: ${JSON.stringify(value)}`);
    },
    (error: unknown) => error,
  );
}
