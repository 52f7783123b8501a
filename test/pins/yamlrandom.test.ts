import fc from "fast-check";
import { expect, test } from "vitest";
import { circleci } from "../../src/pins/formats/circleci.ts";
import { cloudbuild } from "../../src/pins/formats/cloudbuild.ts";
import { compose } from "../../src/pins/formats/compose.ts";
import { drone } from "../../src/pins/formats/drone.ts";
import type { Format } from "../../src/pins/formats/format.ts";
import { github } from "../../src/pins/formats/github.ts";
import { gitlab } from "../../src/pins/formats/gitlab.ts";
import { helm } from "../../src/pins/formats/helm.ts";
import { kustomize } from "../../src/pins/formats/kustomize.ts";
import { argo, kubernetes, tekton } from "../../src/pins/formats/manifests.ts";
import { NEW, OLD, pin } from "./pinned.ts";

/** Each has all that its format reads. */
const SAMPLES: readonly (readonly [string, Format, string])[] = [
  [
    "compose.yaml",
    compose,
    "x-a: &a { image: IMAGE }\nservices:\n  a: *a\n  b:\n    <<: *a\n    build:\n      additional_contexts: [x=docker-image://IMAGE]\n" +
      "      dockerfile_inline: |\n        FROM IMAGE\n        COPY --from=IMAGE a b\n  c: { image: IMAGE }\nmodels: { m: { model: IMAGE } }\n",
  ],
  [
    ".github/workflows/x.yml",
    github,
    "jobs:\n  a:\n    strategy:\n      matrix:\n        i: [IMAGE, IMAGE]\n        include: [{ i: IMAGE, j: IMAGE }]\n    container: ${{ matrix.i }}\n" +
      "    services:\n      x: { image: IMAGE }\n      y: { image: '${{ matrix.j }}' }\n    steps:\n      - uses: docker://IMAGE\n",
  ],
  [
    ".gitlab-ci.yml",
    gitlab,
    "spec: { inputs: { i: { default: IMAGE } } }\n---\nvariables:\n  V: IMAGE\nimage: IMAGE\n.a: &a\n  services: [IMAGE, { name: $V }]\nb:\n  <<: *a\n  image: $[[ inputs.i ]]\n",
  ],
  [
    ".circleci/config.yml",
    circleci,
    "parameters: { p: { default: IMAGE } }\njobs:\n  a:\n    parameters: { q: { default: IMAGE } }\n    docker:\n      - image: IMAGE\n      - image: << parameters.q >>\n      - image: << pipeline.parameters.p >>\n",
  ],
  [
    "cloudbuild.yaml",
    cloudbuild,
    "steps:\n- name: IMAGE\n- name: $_V\n- name: 'x:${_V}'\nsubstitutions:\n  _V: IMAGE\n",
  ],
  [
    ".woodpecker.yml",
    drone,
    "matrix: { I: [IMAGE, IMAGE] }\nsteps:\n  - image: IMAGE\n  - image: ${I}\nservices:\n  a: { image: IMAGE }\n",
  ],
  [
    "kustomization.yaml",
    kustomize,
    "images:\n- name: a\n  newTag: v1\n- name: a\n  newName: b\n  newTag: 'v1'\n  digest: \"\"\n- name: c\n  digest: " +
      `${OLD}\n`,
  ],
  [
    "values.yaml",
    helm,
    `image: IMAGE\na:\n  image: &i\n    repository: a\n    tag: v1\n    digest: ""\nb:\n  repository: b\n  tag: v1@${OLD}\nc: { <<: *i, digest: ${OLD} }\nd:\n  repository: d\n  tag: 1\n  digest:\n`,
  ],
  [
    "pod.yaml",
    kubernetes,
    "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n    - image: IMAGE\n    - name: a\n      image: IMAGE\n  volumes: [{ image: { reference: IMAGE } }]\n---\napiVersion: a.b/v1\nkind: C\nimage: IMAGE\n",
  ],
  [
    "task.yaml",
    tekton,
    "apiVersion: tekton.dev/v1\nkind: Task\nspec:\n  params:\n    - name: i\n      default: IMAGE\n  steps:\n    - image: IMAGE\n    - image: $(params.i)\n  taskRef: { bundle: IMAGE }\n",
  ],
  [
    "workflow.yaml",
    argo,
    "apiVersion: argoproj.io/v1\nkind: Workflow\nspec:\n  templates:\n    - container:\n        image: IMAGE\n    - script: { image: IMAGE }\n      sidecars: [{ image: IMAGE }]\n",
  ],
];

const written = fc.constantFrom(
  ...[
    "a",
    "a:1",
    "'b/c:1.10'",
    `"a@${OLD}"`,
    `x.io:5000/a:v1@${OLD}`,
    '"a\\x3a1"',
    "''",
    "No",
    "&x a:1",
    "*x",
    "${V:-a:1}",
    "$V",
    "!t a:1",
  ],
);
const noise = fc.constantFrom(
  ..."\n|\r\n|\n  |  |- |: |, |[|]|{|}|\"|'|\\|\t|#| # |&a |*a|<<: *a|---\n|...\n|!x |\u0000|? |>\n|a|image: |\u{1f40b}|\ufeff|$|{{".split(
    "|",
  ),
  "|\n",
);
const change = fc.record({ at: fc.double({ min: 0, max: 1, noNaN: true }), gone: fc.nat(4), text: noise });

/** A sample with images, and a few changes anywhere. */
const changed = (sample: string): fc.Arbitrary<string> =>
  fc.tuple(fc.infiniteStream(written), fc.array(change, { maxLength: 3 })).map(([images, changes]) =>
    changes.reduce(
      (text, { at, gone, text: more }) => {
        const from = Math.floor(at * text.length);
        return text.slice(0, from) + more + text.slice(from + gone);
      },
      sample.replaceAll("IMAGE", () => images.next().value as string),
    ),
  );

const RUNS = Number(process.env["RUNS"] ?? 300);

/** Random texts of a format, and what becomes of them. */
test.each(SAMPLES)("nothing is thrown, and a digest that is written is read again: %s", (path, { find }, sample) => {
  let pinnedOnes = 0;
  fc.assert(
    fc.property(changed(sample), (text) => {
      const { mentions } = find({ path, text });
      const lines = text.replace(/^\ufeff/, "").split("\n");
      let last = 0;
      for (const { place, text: said } of mentions) {
        const begin = place.line * 10_000 + place.column;
        expect(begin).toBeGreaterThanOrEqual(last);
        last = begin;
        expect(place.endLine * 10_000 + place.endColumn).toBeGreaterThanOrEqual(begin);
        expect(lines[place.line - 1]?.length ?? -1).toBeGreaterThanOrEqual(place.column - 1);
        expect(lines[place.endLine - 1]?.length ?? -1).toBeGreaterThanOrEqual(place.endColumn - 1);
        expect(said).not.toBe("");
      }
      for (const mention of mentions.filter(({ pinning }) => pinning.kind === "edits")) {
        pinnedOnes++;
        const { line, column } = mention.place;
        const again = find({ path, text: pin(text, [mention]) }).mentions;
        const there = again.filter(({ place }) => place.line === line && place.column === column);
        const digests = there.map(({ target }) => (target.kind === "reference" ? target.reference.digest : null));
        expect(digests).toContain(NEW);
      }
    }),
    { numRuns: RUNS },
  );
  expect(pinnedOnes).toBeGreaterThan(80);
});
