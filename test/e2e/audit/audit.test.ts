import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Audit, AuditFinding } from "../../../src/model/audit.ts";
import { run, type Outcome } from "../../lab/cli.ts";
import { PROJECTS, readProject, writeProject, type Mark } from "./marks.ts";
import { useWorld, type World } from "./world.ts";

/** The real command line on trees of many kinds of files, over a real registry and two real sshds. */

const world = useWorld();

/** What says that something is not pinned, and so what other tools' comments mean. */
const PINNING: readonly string[] = ["unpinned", "floating-tag"];

async function audit(folder: string, ...flags: readonly string[]): Promise<Outcome & { readonly audit: Audit }> {
  const { stage, liar } = world();
  const config = await stage.configure({ liar, config: { local: { proxy: liar.proxyOf("here") } } });
  const ended = await run(["audit", "--config", config, "--allow-private", "--json", ...flags], {
    cwd: folder,
    env: { HOME: stage.home, XDG_STATE_HOME: await stage.room() },
  });
  return {
    ...ended,
    get audit() {
      if (ended.stdout === "") throw new Error(`exit ${String(ended.code)}: ${ended.stderr}`);
      return JSON.parse(ended.stdout) as Audit;
    },
  };
}

async function treeOf(name: string): Promise<{ readonly folder: string; readonly marks: readonly Mark[] }> {
  const folder = join(await world().stage.room(), name);
  await mkdir(folder);
  const project = readProject(name, world().names);
  await writeProject(folder, project);
  return { folder, marks: project.marks };
}

type At = Pick<Mark, "file" | "line" | "column" | "endLine" | "endColumn">;

function placed(kind: string, reference: string, { file, line, column, endLine, endColumn }: At): string {
  return `${file}:${line}:${column}-${endLine}:${endColumn} ${kind} ${kind === "unresolved" ? "" : reference}`;
}

function expectedOf(marks: readonly Mark[], { known }: World): readonly string[] {
  const all = marks.flatMap((mark) => {
    if (mark.name === null) return [placed("unresolved", "", mark)];
    const one = known.get(mark.name);
    if (one === undefined) throw new Error(`nothing is known of ${mark.name}`);
    const kinds = one.kinds.filter((kind) => !mark.excluded || !PINNING.includes(kind));
    return kinds.map((kind) => placed(kind, one.reference, mark));
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
    const { folder, marks } = await treeOf(name);
    const seen = await audit(folder);
    expect(seen.stderr).not.toMatch(/error/);
    expect(flat(seen.audit.findings)).toEqual(expectedOf(marks, world()));
    expect(seen.code).toBe(20);
    expect(seen.audit.outcome).toBe("findings");
  });
});
