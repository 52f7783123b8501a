import { describe, expect, test } from "vitest";
import { judge } from "../../src/consensus/judge.ts";
import type { Evidence } from "../../src/model/evidence.ts";
import type { SeenObject } from "../../src/model/observation.ts";
import { renderGithub } from "../../src/report/github.ts";
import { renderJson } from "../../src/report/json.ts";
import { renderMarkdown } from "../../src/report/markdown.ts";
import { COLOURED, PLAIN } from "../../src/report/paint.ts";
import { renderTable } from "../../src/report/table.ts";
import { bytesText, counted, shortener } from "../../src/report/text.ts";
import { CASES as JUDGED } from "../consensus/table.ts";
import { bottles, digest, evidence, EVIDENCE, hostile, object, observation } from "./fixtures.ts";
import { expectGolden } from "./golden.ts";

const OUTPUTS = {
  "table.txt": (each) => renderTable(each, PLAIN),
  "report.json": renderJson,
  "report.md": (each) => renderMarkdown(each),
  "github.txt": (each) => renderGithub(each, "tofu3 verify x --keep-evidence tofu3-evidence"),
} satisfies Record<string, (each: ReturnType<typeof hostile>) => string>;

const CASES = Object.entries(EVIDENCE).flatMap(([name, make]) =>
  Object.entries(OUTPUTS).map(([ending, render]) => ({ name: `${name}-${ending}`, make, render })),
);

test.each(CASES)("$name is as it was agreed", ({ name, make, render }) => {
  expectGolden(name, render(make()));
});

test.each(CASES)(
  "$name has nothing that moves a cursor or turns text around, and ends with one newline",
  ({ make, render }) => {
    const text = render(make());
    expect(text.replaceAll("\n", "")).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
    expect(text).toMatch(/[^\n]\n$/);
    expect(text.split("\n").filter((line) => line.endsWith(" "))).toEqual([]);
  },
);

test.each(Object.entries(EVIDENCE))("the JSON of %s means what the evidence says", (_name, make) => {
  expect(JSON.parse(renderJson(make()))).toEqual(make());
});

test("the order in which workers answer, and objects arrive, changes no report", () => {
  const one = evidence([observation("here"), observation("sgp"), observation("fra")]);
  const two = evidence(["fra", "sgp", "here"].map((worker) => observation(worker, { objects: bottles().reverse() })));
  expect(Object.values(OUTPUTS).map((render) => render(two))).toEqual(
    Object.values(OUTPUTS).map((render) => render(one)),
  );
});

test("objects are listed in the order of the tree, the config before the layers", () => {
  const { artifact } = evidence([observation("here"), observation("sgp"), observation("fra")]);
  expect(artifact?.objects.map((each) => each.digest.slice(7, 9))).toEqual(["1a", "b0", "b3", "b2", "c0", "c3", "c2"]);
});

test("the verdict on every case of the judgement is, word for word, what was written down", () => {
  const lines = Object.entries(JUDGED).map(([name, [observations, policy, knowledge]]) => {
    const told = evidence(observations, { verdict: judge(observations, policy, knowledge) });
    return `${name}\n  ${told.outcome}: ${told.summary}\n${told.differences.map(({ at }) => `  differs: ${at}\n`).join("")}`;
  });
  expectGolden("sentences.txt", lines.join(""));
});

test("what a bottle index says of itself cannot move a cursor", () => {
  const mismatch = { tag: "1", says: "version", text: "\u001b[2J" } as const;
  const reason = { kind: "version", root: digest("1a"), mismatch } as const;
  const verdict = { outcome: "changed", quorum: "3/3", differences: [], reason } as const;
  expect(evidence([], { verdict }).summary).toContain('but the index says that it holds version "\\u{1b}[2J"');
});

test("an object whose parent was not seen is still reported", () => {
  const objects = [object({ role: "layer", digest: digest("d"), parent: digest("e") })];
  expect(evidence([observation("here", { objects })]).observations[0]?.objects).toHaveLength(1);
});

test.each([19, 20, 21, 500])("of %i places that differ a person reads twenty, and the JSON has all", (count) => {
  const layer = (position: number, pattern: string): SeenObject =>
    object({ role: "layer", digest: digest("5"), computed: digest(pattern), parent: digest("1a"), position });
  const layers = (pattern: string): SeenObject[] =>
    Array.from({ length: count }, (_, position) => layer(position, pattern));
  const root = object({ role: "manifest", digest: digest("1a"), declaredSize: null });
  const objects = [root, ...layers("5")];
  const lied = observation("fra", { objects: [root, ...layers("6")] });
  const all = evidence([observation("here", { objects }), observation("sgp", { objects }), lied]);
  expect((JSON.parse(renderJson(all)) as Evidence).differences).toHaveLength(count);
  const [table, page] = [renderTable(all, PLAIN), renderMarkdown(all)];
  expect(table.match(/^differs: /gm)).toHaveLength(Math.min(count, 20));
  expect(page.match(/^\| manifest .* fra \|/gm)).toHaveLength(Math.min(count, 20));
  const more = {
    21: "1 more place differs: --json lists them all",
    500: "480 more places differ: --json lists them all",
  }[count];
  expect(/\d+ more place[^\n.]*/.exec(table.split("\n").slice(0, -2).join("\n"))?.[0]).toBe(more);
  expect(/\d+ more place[^\n.]*all/.exec(page)?.[0].replaceAll("\\", "")).toBe(more);
});

describe("the table", () => {
  test("says that several entries match, and that all of them were verified", () => {
    expect(renderTable(evidence(["here", "sgp", "fra"].map((worker) => observation(worker))), PLAIN)).toContain(
      "2 entries match darwin/amd64: all were verified",
    );
  });

  test("ends with the verdict line, which has the whole digest and what was released", () => {
    const last = renderTable(EVIDENCE["released"]?.() ?? hostile(), PLAIN)
      .trimEnd()
      .split("\n")
      .at(-1);
    expect(last).toBe(
      `AGREED  3 of 3 workers saw ${digest("1a")} (index, 7 objects, 52.0 MB); released to oci:/home/me/vim`,
    );
  });

  test("shows as much of digests as it takes to tell them apart", () => {
    const twins = [`${"a".repeat(40)}1`, `${"a".repeat(40)}2`].map((pattern) => digest(pattern));
    const observations = twins.map((root, index) =>
      observation(`w${index}`, { objects: [object({ role: "index", digest: root })] }),
    );
    const rows = renderTable(evidence(observations), PLAIN)
      .split("\n")
      .filter((line) => /^w\d/.test(line));
    expect(new Set(rows.map((row) => /sha256:\S+/.exec(row)?.[0])).size).toBe(2);
  });

  test.each([
    { what: "another digest", claimed: digest("0f"), shown: "registry claims sha256:0f0f0f0f0f0f…" },
    { what: "nonsense", claimed: "\\u{1b}[2J", shown: "registry claims \\u{1b}[2J" },
    { what: "that digest", claimed: digest("1a"), shown: null },
    {
      what: "a digest by another algorithm, of which nothing can be said",
      claimed: `sha512:${"a".repeat(128)}`,
      shown: null,
    },
    { what: "nothing", claimed: null, shown: null },
  ])("a registry that claims $what: shown where the bytes contradict it, also in Markdown", ({ claimed, shown }) => {
    const plain = observation("fra");
    const fra = { ...plain, evidence: { ...plain.evidence, claimedDigest: claimed } };
    const seen = evidence([observation("here"), fra, observation("sgp")]);
    expect(seen.outcome).toBe("agreed");
    const [table, page] = [renderTable(seen, PLAIN), renderMarkdown(seen).replace(/\\/g, "")];
    expect(table.includes("registry claims")).toBe(shown !== null);
    expect(page.includes("registry claims")).toBe(shown !== null);
    if (shown === null) return;
    expect(table).toContain(shown);
    expect(page).toContain(shown.replace(/\\/g, ""));
  });

  test("has colour only in a painted one, and the same text under it", () => {
    const painted = renderTable(hostile(), COLOURED);
    expect(painted).toContain("\u001b[");
    expect(painted.replace(/\u001b\[\d+m/g, "")).toBe(renderTable(hostile(), PLAIN));
  });

  test("is not coloured by FORCE_COLOR behind our back", () => {
    expect(renderTable(evidence([observation("here")]), PLAIN)).not.toContain("\u001b");
  });
});

test("a verdict other than agreed says that nothing was released", () => {
  const verdict = judge([]);
  expect(evidence([], { verdict }).summary).toMatch(/; nothing was released$/);
});

test.each([
  [0, "0 B"],
  [999, "999 B"],
  [1000, "1.0 kB"],
  [53_100_000, "53.1 MB"],
  [999_960, "1.0 MB"],
  [1_073_741_824, "1.1 GB"],
])("%i bytes are written as %s", (bytes, text) => {
  expect(bytesText(bytes)).toBe(text);
});

test("one object, two objects", () => {
  expect([counted(1, "object"), counted(2, "object"), counted(0, "entry", "entries")]).toEqual([
    "1 object",
    "2 objects",
    "0 entries",
  ]);
});

test("different digests are never cut to the same text", () => {
  const all = ["sha256:aaaaaaaaaaaaaaaa1", "sha256:aaaaaaaaaaaaaaaa2", "sha512:aaaaaaaaaaaaaaaa1"];
  expect(new Set(all.map(shortener(all))).size).toBe(3);
});
