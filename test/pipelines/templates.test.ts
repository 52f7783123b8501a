import { spawnSync } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { parseArgv } from "../../src/cli/argv/argv.ts";
import { mistakesOf } from "../e2e/audit/schemas.ts";
import { makeFolder } from "../lab/processes.ts";
import { useLab } from "../lab/uselab.ts";
import { readAction, readTemplate, ROOT, TEMPLATES, type Step } from "./runner.ts";

const lab = useLab();
const GITLAB = "gitlab.com/gitlab-org/gitlab/-/raw/master/app/assets/javascripts/editor/schema/ci.json";

interface Workflow {
  readonly on: { readonly workflow_call: { readonly inputs: object; readonly secrets: object } };
  readonly jobs: { readonly verify: { readonly steps: readonly Step[] } };
}

interface Gitlab {
  readonly ".tofu3": { readonly script: readonly [string]; readonly variables: Readonly<Record<string, string>> };
}

async function scripts(): Promise<readonly (readonly [name: string, shell: string, script: string])[]> {
  const { runs } = await readAction();
  const gitlab = await readTemplate<Gitlab>("gitlab.yml");
  return [
    ...runs.steps.map((step) => [step.name ?? "", step.shell ?? "", step.run ?? ""] as const),
    ["gitlab.yml", "sh", gitlab[".tofu3"].script[0]],
  ];
}

describe("the published schemas accept", () => {
  test.each([
    ["github-action.json", "config/ci/action.yml"],
    ["github-workflow.json", "config/ci/github-workflow.yml"],
    [GITLAB, "config/ci/gitlab.yml"],
    ["pre-commit-hooks.json", ".pre-commit-hooks.yaml"],
  ])("%s: %s", async (schema, file) => {
    const value: unknown = parse(await readFile(join(ROOT, file), "utf8"));
    expect(mistakesOf(schema, value)).toEqual([]);
    expect(mistakesOf(schema, Array.isArray(value) ? [{ id: 1 }] : { runs: 1, jobs: 1, image: 1, on: 1 })).not.toEqual(
      [],
    );
  });
});

function isUnexpanded(value: unknown): value is { readonly value: string; readonly expand: false } {
  const keys = typeof value === "object" && value !== null ? Object.keys(value).sort() : [];
  return keys.join() === "expand,value";
}

test("what docs/pipelines.md shows to copy is what the schemas and the templates know", async () => {
  const text = await readFile(join(ROOT, "docs/pipelines.md"), "utf8");
  const blocks = new Map(
    [...text.matchAll(/^```yaml\n# (\S+)\n([\s\S]*?)^```$/gm)].map(([, file, yaml]) => [file, yaml ?? ""]),
  );
  const schemas = [
    [".github/workflows/release.yml", "github-workflow.json"],
    [".gitlab-ci.yml", GITLAB],
    [".pre-commit-config.yaml", "pre-commit-config.json"],
  ] as const;
  expect([...blocks.keys()]).toEqual(schemas.map(([file]) => file));
  // SchemaStore's copy for GitLab is older than 15.6, and has no value and expand for the variables of a job
  const older = (yaml: string): unknown =>
    parse(yaml, (_, value: unknown) => (isUnexpanded(value) ? value.value : value));
  for (const [file, schema] of schemas) expect(mistakesOf(schema, older(blocks.get(file) ?? "")), file).toEqual([]);
  const { jobs } = parse(blocks.get(schemas[0][0]) ?? "") as { jobs: { release: { steps: readonly Step[] } } };
  const own = jobs.release.steps.find(({ id }) => id === "tofu3");
  const action = await readAction();
  expect(Object.keys(action.inputs)).toEqual(expect.arrayContaining(Object.keys(own?.with ?? {})));
  for (const name of [...Object.keys(action.inputs), ...Object.keys(action.outputs)])
    expect(text).toContain(`\`${name}\``);
  const gitlab = await readTemplate<Gitlab>("gitlab.yml");
  const { verify } = parse(blocks.get(".gitlab-ci.yml") ?? "") as { verify: { variables: object } };
  expect(Object.keys(verify.variables).sort()).toEqual(Object.keys(gitlab[".tofu3"].variables).sort());
  // GitLab and its runner replace $NAME in a variable that does not say otherwise, and $1 has no value there
  const values = [verify, gitlab[".tofu3"]].flatMap(({ variables }) => Object.values<unknown>({ ...variables }));
  for (const value of values) if (JSON.stringify(value).includes("$")) expect(value).toMatchObject({ expand: false });
  expect(await readFile(join(ROOT, "config/ci/gitlab.yml"), "utf8")).toMatch(
    /TOFU3_COMMAND: \{ .*\$1.*expand: false \}/,
  );
  const hooks = parse(await readFile(join(ROOT, ".pre-commit-hooks.yaml"), "utf8")) as readonly { id: string }[];
  for (const { id } of hooks) expect(text).toContain(`\`${id}\``);
  expect(text).toContain("$(call tofu3,alpine:3.20,oci:$@,--platform linux/amd64)");
});

test("shellcheck finds nothing in any script of a template", async () => {
  for (const [name, shell, script] of await scripts()) {
    const found = spawnSync("shellcheck", [`--shell=${shell}`, "--enable=quote-safe-variables", "-"], {
      // as GitHub runs bash; the other one says so itself
      input: shell === "bash" ? `#!/bin/bash\nset -eo pipefail\n${script}` : script,
      encoding: "utf8",
    });
    expect(found.stdout + found.stderr, name).toBe("");
  }
});

test("no script has an expression in it, and bash runs them all", async () => {
  const { runs } = await readAction();
  for (const [name, , script] of await scripts()) expect(script, name).not.toContain("${{");
  expect(runs.steps.map(({ shell }) => shell)).toEqual(runs.steps.map(() => "bash"));
});

test("the workflow pins every action by commit, hands on what action.yml knows, and caches nothing", async () => {
  const [workflow, action] = [await readTemplate<Workflow>("github-workflow.yml"), await readAction()];
  const { steps } = workflow.jobs.verify;
  const own = steps.find(({ uses }) => uses === "./.tofu3/config/ci");
  for (const { uses } of steps) if (uses !== own?.uses) expect(uses).toMatch(/^actions\/[a-z-]+@[0-9a-f]{40}$/);
  expect(Object.keys(action.inputs)).toEqual(expect.arrayContaining(Object.keys(own?.with ?? {})));
  const wanted = { ...workflow.on.workflow_call.inputs, ...workflow.on.workflow_call.secrets };
  const used = JSON.stringify(steps);
  for (const name of Object.keys(wanted))
    expect(used).toMatch(new RegExp(`\\$\\{\\{ (inputs|secrets)\\.${name} \\}\\}`));
  expect(used).not.toMatch(/cache/);
});

describe("the units", () => {
  test("systemd accepts them, and calls the services well protected", async () => {
    const folder = await lab(makeFolder("units").then(({ path, remove }) => ({ path, stop: remove })));
    const names = ["tofu3@.service", "tofu3@.timer", "../tofu3-serve.service", "../tofu3-serve.socket"];
    const files = names.map((name) => join(folder.path, basename(name)));
    for (const name of names)
      await writeFile(join(folder.path, basename(name)), await readFile(join(TEMPLATES, name), "utf8"));
    // this machine need not have a page of the manual for it
    const verified = spawnSync("systemd-analyze", ["verify", "--man=no", ...files], { encoding: "utf8" });
    expect({ status: verified.status, said: verified.stderr }).toEqual({ status: 0, said: "" });
    for (const service of files.filter((file) => file.endsWith(".service"))) {
      const rated = spawnSync(
        "systemd-analyze",
        ["security", "--offline=true", "--threshold=20", "--no-pager", service],
        { encoding: "utf8" },
      );
      expect(rated.status, rated.stdout + rated.stderr).toBe(0);
      expect(rated.stdout).toMatch(/Overall exposure level for .*: [01]\.\d OK/);
    }
  });

  test("the service's line is one that tofu3 understands, for a reference of any shape", async () => {
    const unit = await readFile(join(TEMPLATES, "tofu3@.service"), "utf8");
    const line = /^ExecStart=\/usr\/bin\/env tofu3 (.*)$/m.exec(unit)?.[1] ?? "";
    for (const reference of ["alpine:3.20", "ghcr.io/a-b/c_d:1.0-2", `r:5000/x@sha256:${"0".repeat(64)}`]) {
      const escaped = spawnSync("systemd-escape", [reference], { encoding: "utf8" }).stdout.trim();
      const back = spawnSync("systemd-escape", ["--unescape", escaped], { encoding: "utf8" }).stdout.trim();
      const words = line.split(" ").map((word) => word.replaceAll("%i", escaped).replaceAll("%I", back));
      expect(parseArgv(words).arguments).toMatchObject({ command: "verify", references: [reference], days: 3 });
    }
  });
});

test("pre-commit runs the audit when a file that names images changes, and passes its verdict on", async () => {
  const folder = await lab(makeFolder("hooks").then(({ path, remove }) => ({ path, stop: remove })));
  const git = (cwd: string, ...args: string[]): void => {
    const identity = ["-c", "user.name=a", "-c", "user.email=a@example.test", "-c", "commit.gpgsign=false"];
    const done = spawnSync("git", [...identity, ...args], {
      cwd,
      encoding: "utf8",
      env: { PATH: process.env["PATH"], HOME: folder.path },
    });
    if (done.status !== 0) throw new Error(done.stderr);
  };
  const [hooks, tree, bin] = ["hooks", "tree", "bin"].map((name) => join(folder.path, name)) as [
    string,
    string,
    string,
  ];
  for (const each of [hooks, tree, bin]) await mkdir(each);
  await writeFile(join(hooks, ".pre-commit-hooks.yaml"), await readFile(join(ROOT, ".pre-commit-hooks.yaml")));
  await writeFile(join(bin, "tofu3"), `#!/bin/sh\nexec '${process.execPath}' '${join(ROOT, "bin/tofu3.js")}' "$@"\n`, {
    mode: 0o755,
  });
  // nobody is asked about a name that no registry has, so that no worker is needed
  const ssh = (name: string): string =>
    `  - { name: ${name}, via: ssh, host: ${name}.test, hostKey: "SHA256:${name.repeat(43).slice(0, 42)}A" }\n`;
  await writeFile(join(tree, "tofu3.yaml"), `workers:\n  - { name: here, via: local }\n${ssh("a")}${ssh("b")}`);
  await writeFile(join(tree, "Dockerfile"), "FROM localhost:1/app:1.0\n");
  for (const each of [hooks, tree])
    for (const args of [
      ["init", "-q"],
      ["add", "-A"],
      ["commit", "-qm", "a"],
    ])
      git(each, ...args);
  const env = {
    PATH: `${bin}:${process.env["PATH"] ?? ""}`,
    HOME: folder.path,
    PRE_COMMIT_HOME: join(folder.path, "cache"),
  };
  const hook = (...args: string[]) =>
    spawnSync("pre-commit", ["try-repo", hooks, "tofu3-audit-system", "--verbose", ...args], {
      cwd: tree,
      encoding: "utf8",
      env,
    });
  const all = hook("--all-files");
  expect(all.stdout + all.stderr).toMatch(/exit code: 2[01]/);
  expect(all.status).toBe(1);
  expect(all.stdout).toContain("localhost:1/app:1.0");
  const other = hook("--files", "README");
  expect(other.stdout + other.stderr).toMatch(/no files to check.*Skipped/i);
  expect(other.status).toBe(0);
});
