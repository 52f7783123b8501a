import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { main } from "../../src/cli/main.ts";
import { printFormat } from "../../src/cli/print.ts";
import { failure } from "../../src/evidence/schema/report.ts";
import { capture } from "./capture.ts";

const folder = mkdtempSync(join(tmpdir(), "json-"));
afterAll(() => rmSync(folder, { recursive: true }));
writeFileSync(join(folder, "broken.yaml"), "workers: 7\n");
const vm = (name: string, host: string, key: string): object => {
  return { name, via: "ssh", host, port: 1, hostKey: `SHA256:${key.repeat(43)}` };
};
const workers = [{ name: "here", via: "local" }, vm("fra", "127.0.0.1", "A"), vm("sgp", "127.0.0.2", "Q")];
writeFileSync(join(folder, "dead.yaml"), JSON.stringify({ workers, limits: { retries: 0, againSeconds: 0 } }));

async function run(...words: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  const io = capture(folder);
  const code = await main(words, io, new AbortController().signal);
  return { code, out: io.out(), err: io.err() };
}

describe("an error that leaves no result", () => {
  test.each([
    { words: ["verify", "a:b", "--config", "broken.yaml"], wanted: "E_CONFIG", exit: 2 },
    { words: ["verify", "A:b"], wanted: "E_REFERENCE", exit: 2 },
    { words: ["verify", "a:b", "--report", "a.pdf"], wanted: "E_USAGE", exit: 2 },
    { words: ["inspect", "127.0.0.1:1/a:b"], wanted: "E_CONNECT", exit: 12 },
    { words: ["tags", "127.0.0.1:1/a"], wanted: "E_CONNECT", exit: 12 },
    { words: ["workers", "check", "--config", "broken.yaml"], wanted: "E_CONFIG", exit: 2 },
  ])("$words.0 $words.1 --json: one object, and the words on stderr as ever", async ({ words, wanted, exit }) => {
    const { code, out, err } = await run(...words, "--json");
    const told = failure.parse(JSON.parse(out));
    expect([code, told.error.code]).toEqual([exit, wanted]);
    expect(err).toContain(`tofu3: error: ${told.error.message.split("\n")[0] ?? ""}`);
    expect((await run(...words)).out).toBe("");
  });
});

describe("--format", () => {
  test.each(["verify a:b", "inspect a:b", "tags a", "history", "workers check"])(
    "%s: a bad template is exit 2, and nothing was asked",
    async (words) => {
      const { code, out, err } = await run(...words.split(" "), "--format", "{{outcome");
      expect({ code, out }).toEqual({ code: 2, out: "" });
      expect(err).toMatch(/^tofu3: error: --format is no template: /);
    },
  );
  test("picks from what history prints as JSON; an unknown field is exit 2", async () => {
    expect(await run("history", "-q", "--format", "{{schemaVersion}} {{#entries}}x{{/entries}}")).toMatchObject({
      code: 0,
      out: "1 \n",
    });
    expect(await run("history", "-q", "--format", "{{entrys}}")).toMatchObject({ code: 2, out: "" });
  });
  test.each(["{{tool.name}}", "{{artifact.digest}}", "{{nowhere}}"])(
    "a verdict that is no agreement is told on stderr, and its exit code stays: %s",
    async (template) => {
      const { code, err } = await run("verify", "127.0.0.1:1/a:b", "--config", "dead.yaml", "-q", "--format", template);
      expect([code, err]).toEqual([12, expect.stringMatching(/^tofu3: INCOMPLETE /m)]);
    },
  );
  test("a template that is too much is told, and thrown at nobody", () => {
    const io = capture(folder);
    const object = {
      toJSON: () => {
        throw new RangeError("Maximum call stack size exceeded");
      },
    };
    expect(printFormat("{{a}}", object, io)).toBe(2);
    expect(io.err()).toMatch(/^tofu3: error: --format cannot be filled in: Maximum call stack size exceeded$/m);
  });
  test.each([["--json"], ["--raw"]])("excludes %s", async (flag) => {
    const { code, err } = await run("inspect", "a:b", "--format", "{{outcome}}", flag);
    expect([code, err]).toEqual([2, expect.stringMatching(/exclude|cannot|with/)]);
  });
});
