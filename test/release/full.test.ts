import { writeFileSync } from "node:fs";
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import type { Evidence } from "../../src/model/evidence.ts";
import { breaches } from "../e2e/contract.ts";
import { startStage, type Stage } from "../e2e/stage.ts";
import { makeImage } from "../lab/image.ts";
import { startLiar, type Liar } from "../lab/liar.ts";
import { stock } from "../lab/liar-shelf.ts";
import { useLab } from "../lab/uselab.ts";
import { tmpfs } from "./tools.ts";

const lab = useLab();
const plain = makeImage({ layers: [1_000_000] });
const isRoot = process.getuid?.() === 0;
let stage: Stage;
let liar: Liar;
let reference = "";

beforeAll(async () => {
  [stage, liar] = await Promise.all([lab(startStage()), lab(startLiar())]);
  stock(liar, "full", "v1", { root: plain.manifest, images: [plain] });
  reference = `${liar.host}/full:v1`;
});

const FULL = [
  {
    what: "no room for the archive",
    dest: "docker-archive:out.tar",
    kilobytes: 1500,
    options: "",
    why: /releasing takes \d+ bytes/,
  },
  // the quarantine takes ten inodes, the layout five more
  {
    what: "no room for one more name",
    dest: "oci:out",
    kilobytes: 8000,
    options: ",nr_inodes=13",
    why: /: the disk is full$/,
  },
];

describe.runIf(isRoot)("a disk that is full when all agree (tmpfs, needs root)", () => {
  test.for(FULL)(
    "$what: --json and every report tell the verdict, then the error is told: exit code 1",
    async (row, context) => {
      const cwd = tmpfs(row.kilobytes, row.options);
      if (cwd === null) return context.skip("a tmpfs cannot be mounted here");
      const reports = await stage.room();
      const flags = ["-o", row.dest, "--report", join(reports, "seen.json"), "--report", join(reports, "seen.md")];
      const seen = await stage.verify(reference, { flags }, cwd);
      expect(seen.code, seen.stderr).toBe(1);
      expect(breaches(seen.stdout)).toEqual([]);
      expect(seen.evidence).toMatchObject({
        outcome: "agreed",
        quorum: "3/3",
        summary: expect.stringMatching(/; nothing was released$/) as string,
        artifact: { digest: plain.manifest.digest },
        released: null,
        releaseError: {
          code: "E_DISK",
          message: expect.stringMatching(row.why) as string,
          hint: expect.any(String) as string,
        },
      });
      expect(JSON.parse(await readFile(join(reports, "seen.json"), "utf8"))).toEqual(seen.evidence);
      expect(await readFile(join(reports, "seen.md"), "utf8")).toContain(
        "The workers agree, and the release failed: E\\_DISK: ",
      );
      expect(seen.stderr).toMatch(/^tofu3: error: releasing /m);
      expect(seen.stderr).toMatch(/^tofu3: hint: free some space/m);
      expect(await seen.left()).toEqual([]);
    },
  );

  test.for(FULL)(
    "$what: the table tells the verdict, and --quiet the reference that all agree on",
    async (row, context) => {
      const cwd = tmpfs(row.kilobytes, row.options);
      if (cwd === null) return context.skip("a tmpfs cannot be mounted here");
      const table = await stage.verify(reference, { plain: true, flags: ["-o", row.dest] }, cwd);
      expect(table.code, table.stderr).toBe(1);
      expect(table.stdout).toMatch(
        /\nAGREED {2}3 of 3 workers saw sha256:[0-9a-f]{64} \(.*\); nothing was released\n$/,
      );
      const quiet = await stage.verify(reference, { plain: true, flags: ["-o", row.dest, "-q"] }, cwd);
      expect({ code: quiet.code, stdout: quiet.stdout }).toEqual({
        code: 1,
        stdout: `${liar.host}/full@${plain.manifest.digest}\n`,
      });
      expect(quiet.stderr).toMatch(/^tofu3: error: releasing .*\ntofu3: hint: .*\ntofu3: more: tofu3 help E_[A-Z]+\n$/);
      expect(await quiet.left()).toEqual([]);
    },
  );

  test("while fetching it is 12 instead, in the same words: this machine saw nothing to judge", async (context) => {
    const cwd = tmpfs(300);
    if (cwd === null) return context.skip("a tmpfs cannot be mounted here");
    const seen = await stage.verify(reference, { flags: ["-o", "oci:out"] }, cwd);
    expect(seen.code, seen.stderr).toBe(12);
    const here = seen.evidence.observations.find(({ via }) => via === "local");
    expect(here?.error).toMatchObject({
      code: "E_DISK",
      message: expect.stringMatching(/: the disk is full$/) as string,
      hint: expect.stringMatching(
        /^free some space on that file system, or choose a destination on another one$/,
      ) as string,
    });
    expect(seen.evidence).toMatchObject({ outcome: "incomplete", released: null, releaseError: null });
    expect(await seen.left()).toEqual([]);
  });
});

test("a DEST that appears while the workers look stays, and the verdict is told: exit code 1", async () => {
  const cwd = await stage.room();
  liar.answer("/v2/full/manifests/late", () => {
    writeFileSync(join(cwd, "out"), "mine");
    return { headers: { "Content-Type": plain.manifest.mediaType }, body: plain.manifest.bytes };
  });
  const seen = await stage.verify(`${liar.host}/full:late`, { flags: ["-o", "oci-archive:out"] }, cwd);
  expect(seen.code, seen.stderr).toBe(1);
  const told: Evidence = seen.evidence;
  expect(told).toMatchObject({ outcome: "agreed", released: null, releaseError: { code: "E_DESTINATION" } });
  expect(await readFile(join(cwd, "out"), "utf8")).toBe("mine");
  expect(await readdir(cwd)).toEqual(["out"]);
});
