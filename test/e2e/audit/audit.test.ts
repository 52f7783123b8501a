import { beforeAll, expect, test } from "vitest";
import type { AuditFinding } from "../../../src/model/audit.ts";
import { auditOf, forestOf, type Audited } from "./ground.ts";
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

/** All trees beside each other, audited once: what is the same reference in two of them is one finding. */
let all: { readonly seen: Audited; readonly marks: ReadonlyMap<string, readonly Mark[]> } | null = null;
beforeAll(async () => {
  const { folder, marks } = await forestOf(world(), PROJECTS);
  all = { seen: await auditOf(world(), folder), marks };
});

test("an audit of all trees ends with findings, and with no error", () => {
  expect(all?.seen.stderr).not.toMatch(/error/);
  expect(all?.seen.code).toBe(20);
  expect(all?.seen.audit.outcome).toBe("findings");
});

test.each(PROJECTS)(
  "in the tree %s every finding is right, with line and column, and none is missing or false",
  (name) => {
    const inside = flat(all?.seen.audit.findings ?? []).filter((each) => each.startsWith(`${name}/`));
    expect(inside).toEqual(expectedOf(all?.marks.get(name) ?? [], world()));
  },
);
