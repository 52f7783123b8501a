import { describe, expect, test } from "vitest";
import { github } from "../../src/pins/formats/github.ts";
import { OLD, told } from "./pinned.ts";

const WORKFLOW = ".github/workflows/ci.yml";
const inJob = (lines: string): string => `on: push\njobs:\n  a:\n${lines.replace(/^/gm, "    ")}\n`;

describe("a GitHub workflow names", () => {
  test.each([
    ["a container", "container: node:22", ["4:16 node:22 -> container: node:22@NEW"]],
    ["a container's image", "container:\n  image: 'node'", ["5:15 node -> image: 'node:latest@NEW'"]],
    ["a container with a scheme", "container: docker://node:22", ["4:25 node:22 -> container: docker://node:22@NEW"]],
    ["a service", "services:\n  db: { image: postgres:17 }", ["5:20 postgres:17 -> db: { image: postgres:17@NEW }"]],
    ["a service that is off", 'services:\n  db: { image: "" }', []],
    ["a step's image", "steps:\n  - uses: docker://a/b:1", ["5:24 a/b:1 -> - uses: docker://a/b:1@NEW"]],
    ["a pinned step", `steps:\n  - uses: docker://b@${OLD}`, ["5:24 b@OLD -> - uses: docker://b@NEW"]],
    [
      "an action, and none of its own tree",
      "steps:\n  - uses: actions/checkout@v4\n  - uses: ./x\n  - run: docker run b:1",
      ["5:15 actions/checkout@v4 by hand: it is no reference of a registry"],
    ],
    [
      "a reusable workflow",
      "uses: o/r/.github/workflows/x.yml@v1",
      ["4:11 o/r/.github/workflows/x.yml@v1 by hand: it is no reference of a registry"],
    ],
    [
      "an expression that is not static",
      "container: node:${{ inputs.node }}",
      ["4:16 node:${{ inputs.node }} ? ${{ inputs.node }} is known only when the workflow runs"],
    ],
    ["an expression that is open", "container: node:${{ inputs", ['4:16 node:${{ inputs ? "${{" has no "}}"']],
    [
      "an expression with matrix in it",
      "strategy: { matrix: { v: [1] } }\ncontainer: node:${{ matrix.v || 2 }}",
      ["5:16 node:${{ matrix.v || 2 }} ? ${{ matrix.v || 2 }} is known only when the workflow runs"],
    ],
  ])("%s", (_, lines, mentions) => {
    expect(told(github, WORKFLOW, inJob(lines))).toEqual(mentions);
  });
});

const inMatrix = (matrix: string, image: string): string =>
  inJob(`strategy:\n  matrix:\n${matrix.replace(/^/gm, "    ")}\ncontainer: ${image}`);

describe("a matrix makes", () => {
  test.each([
    [
      "images, where it has them",
      "image: [node:22, node:24, '']",
      "${{ matrix.image }}",
      ["6:17 node:22 -> image: [node:22@NEW, node:24, '']", "6:26 node:24 -> image: [node:22, node:24@NEW, '']"],
    ],
    [
      "images of mappings",
      "on:\n  - image: a:1\n    os: x\n  - image: b:1\n    os: x\n  - os: y",
      "${{ matrix.on.image }}",
      ["7:20 a:1 -> - image: a:1@NEW", "9:20 b:1 -> - image: b:1@NEW"],
    ],
    [
      "images that only `include` has",
      "os: [x, y]\ninclude:\n  - { os: x, image: a:1 }\n  - { os: z, image: b:1 }",
      "${{ matrix.image }}",
      ["8:29 a:1 -> - { os: x, image: a:1@NEW }", "9:29 b:1 -> - { os: z, image: b:1@NEW }"],
    ],
    ["images of `include` alone", "include:\n  - image: a:1", "${{matrix.image}}", ["7:20 a:1 -> - image: a:1@NEW"]],
    [
      "no image that `exclude` takes away",
      "image: [a:1, b:1]\nos: [x]\nexclude: [{ image: b:1, os: x }]",
      "${{ matrix.image }}",
      ["6:17 a:1 -> image: [a:1@NEW, b:1]"],
    ],
    [
      "an image that is excluded on another system",
      "image: [a:1, b:1]\nos: [x, y]\nexclude: [{ image: b:1, os: x }]",
      "${{ matrix.image }}",
      ["6:17 a:1 -> image: [a:1@NEW, b:1]", "6:22 b:1 -> image: [a:1, b:1@NEW]"],
    ],
    [
      "one image for each of its values",
      "node: [22, 24.1]\nos: [x, y]",
      "node:${{ matrix.node }}",
      [22, 24.1].map((v) => `8:16 node:\${{ matrix.node }} = node:${v} by hand: it is put together from variables`),
    ],
    [
      "one image for each pair of values",
      "a: [x, y]\nb: [1, 2]",
      "${{ matrix.a }}:${{ matrix.b }}",
      ["x:1", "x:2", "y:1", "y:2"].map(
        (each) => `8:16 \${{ matrix.a }}:\${{ matrix.b }} = ${each} by hand: it is put together from variables`,
      ),
    ],
    [
      "nothing that is known before it runs",
      "image: ${{ fromJSON(needs.x.outputs.y) }}",
      "${{ matrix.image }}",
      ["7:16 ${{ matrix.image }} ? ${{ matrix.image }} is known only when the workflow runs"],
    ],
    [
      "what is known, and what is not",
      "image: [a:1, '${{ env.B }}']",
      "${{ matrix.image }}",
      [
        "6:17 a:1 -> image: [a:1@NEW, '${{ env.B }}']",
        "7:16 ${{ matrix.image }} ? ${{ matrix.image }} is known only when the workflow runs",
      ],
    ],
    [
      "one image of values and what `include` adds to them",
      "name: [a, b]\ninclude:\n  - { name: a, tag: 1 }\n  - { name: b, tag: 2 }",
      "${{ matrix.name }}:${{ matrix.tag }}",
      ["a:1", "b:2"].map(
        (each) => `10:16 \${{ matrix.name }}:\${{ matrix.tag }} = ${each} by hand: it is put together from variables`,
      ),
    ],
    ["no container where it has no such value", "os: [x]", "${{ matrix.image }}", []],
  ])("%s", (_, matrix, image, mentions) => {
    expect(told(github, WORKFLOW, inMatrix(matrix, image))).toEqual(mentions);
  });

  test("nothing that is known, as a whole", () => {
    const text = inJob("strategy: { matrix: '${{ fromJSON(x) }}' }\ncontainer: ${{ matrix.image }}");
    expect(told(github, WORKFLOW, text)).toEqual([
      "5:16 ${{ matrix.image }} ? ${{ matrix.image }} is known only when the workflow runs",
    ]);
  });

  test("nothing where there is none", () => {
    expect(told(github, WORKFLOW, inJob("container: ${{ matrix.image }}"))).toEqual([
      "4:16 ${{ matrix.image }} ? ${{ matrix.image }} is known only when the workflow runs",
    ]);
  });

  test("no more than 256 jobs", () => {
    const list = Array.from({ length: 40 }, (_, at) => `v${at}`).join(",");
    const text = inMatrix(
      `a: [${list}]\nb: [${list}]\nc: [${list}]`,
      "x:${{ matrix.a }}-${{ matrix.b }}-${{ matrix.c }}",
    );
    expect(told(github, WORKFLOW, text)).toHaveLength(256);
  });
});

describe("a GitHub action names", () => {
  test.each([
    ["its image", "runs:\n  using: docker\n  image: docker://a/b:1", ["3:19 a/b:1 -> image: docker://a/b:1@NEW"]],
    ["no image that it builds", "runs:\n  using: docker\n  image: Dockerfile", []],
    [
      "its steps' images",
      "runs:\n  using: composite\n  steps:\n    - uses: docker://a/b:1\n    - uses: a/b@v1",
      ["4:22 a/b:1 -> - uses: docker://a/b:1@NEW", "5:13 a/b@v1 by hand: it is no reference of a registry"],
    ],
  ])("%s", (_, text, mentions) => {
    expect(told(github, "x/action.yml", text)).toEqual(mentions);
  });
});

test.each([
  [".github/workflows/a.yaml", true],
  ["sub/.github/workflows/a.yml", true],
  ["action.yml", true],
  ["a/action.yaml", true],
  [".github/workflows/a.json", false],
  [".github/dependabot.yml", false],
  ["reaction.yml", false],
])("%s is a workflow or an action: %s", (path, is) => {
  expect(github.claims({ path, text: "" })).toBe(is);
});
