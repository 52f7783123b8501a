import { describe, expect, test } from "vitest";
import type { AuditFinding } from "../../../src/model/audit.ts";
import { auditOf, treeOf } from "./ground.ts";
import { PROJECTS, type Mark } from "./marks.ts";
import { useWorld, type World } from "./world.ts";

/** The real command line on trees of many kinds of files, over a real registry and two real sshds. */

const world = useWorld();

/** What says that something is not pinned, and so what other tools' comments mean. */
const PINNING: readonly string[] = ["unpinned", "floating-tag"];

type At = Pick<Mark, "file" | "line" | "column" | "endLine" | "endColumn">;

function placed(kind: string, reference: string, { file, line, column, endLine, endColumn }: At): string {
  return `${file}:${line}:${column}-${endLine}:${endColumn} ${kind} ${kind === "unresolved" ? "" : reference}`;
}

function expectedOf(marks: readonly Mark[], { known }: World): readonly string[] {
  const all = marks.flatMap((mark) => {
    if (mark.name === null) return [placed("unresolved", "", mark)];
    return mark.name.split("+").flatMap((name) => {
      const one = known.get(name);
      if (one === undefined) throw new Error(`nothing is known of ${name}`);
      const kinds = one.kinds.filter((kind) => !mark.excluded || !PINNING.includes(kind));
      return kinds.map((kind) => placed(kind, one.reference, mark));
    });
  });
  return all.sort();
}

function flat(findings: readonly AuditFinding[]): readonly string[] {
  return findings
    .flatMap(({ kind, reference, places }) => places.map((place) => placed(kind, reference, place)))
    .sort();
}

describe.each(PROJECTS)("a tree in the shape of %s", (name) => {
  test("every finding is right, with line and column, and none is missing or false", async () => {
    const { folder, marks } = await treeOf(world(), name);
    const seen = await auditOf(world(), folder);
    expect(seen.stderr).not.toMatch(/error/);
    expect(flat(seen.audit.findings)).toEqual(expectedOf(marks, world()));
    expect(seen.code).toBe(20);
    expect(seen.audit.outcome).toBe("findings");
  });
});
