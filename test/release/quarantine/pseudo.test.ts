import { accessSync, constants, existsSync, readdirSync } from "node:fs";
import { beforeAll, expect, test } from "vitest";
import { startStage, type Stage } from "../../e2e/stage.ts";
import { startLiar, type Liar } from "../../lab/liar.ts";
import { useLab } from "../../lab/uselab.ts";
import { leftovers } from "../tools.ts";

const lab = useLab();
let stage: Stage;
let liar: Liar;

beforeAll(async () => {
  [stage, liar] = await Promise.all([lab(startStage()), lab(startLiar())]);
});

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** In a cgroup directories can be made, and files cannot. */
const cgroup = ["/sys/fs/cgroup/pids", "/sys/fs/cgroup/unified", "/sys/fs/cgroup"].find(
  (path) => existsSync(`${path}/cgroup.procs`) && isWritable(path),
);

function leftInAll(): readonly string[] {
  return ["/proc", "/sys", "/dev/pts", ...(cgroup === undefined ? [] : [cgroup])].flatMap(leftovers);
}

test.each([
  "oci:/proc/x",
  "/proc/",
  "oci:/proc/self/fd/x",
  "file:/sys/x",
  "oci:/dev/pts/x",
  ...(cgroup === undefined ? [] : [`oci:${cgroup}/x`, `docker-archive:${cgroup}/x`]),
])(
  "-o %s, where no files can be made: a clear sentence, exit code 2, nothing is fetched and nothing left",
  async (dest) => {
    const before = leftInAll();
    const seen = await stage.verify(`${liar.host}/some:v1`, { flags: ["-o", dest] });
    expect(seen.code, seen.stderr).toBe(2);
    expect(JSON.parse(seen.stdout)).toMatchObject({ outcome: null, error: { code: "E_DESTINATION" } });
    expect(seen.stderr).toMatch(
      /^tofu3: error: destination ".*" cannot be created: (no files can be created in ".*"|".*" is not writable)$/m,
    );
    expect(seen.stderr).toMatch(/^tofu3: hint: choose a destination /m);
    expect(liar.requests).toEqual([]);
    expect(leftInAll()).toEqual(before);
    expect(readdirSync(seen.cwd)).toEqual([]);
  },
);
