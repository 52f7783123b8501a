import { describe, expect, test } from "vitest";
import { helm } from "../../src/pins/formats/helm.ts";
import { kustomize } from "../../src/pins/formats/kustomize.ts";
import { OLD, told } from "./pinned.ts";

describe("a kustomization names", () => {
  test.each([
    ["an image with a new tag", "- name: a\n  newTag: v1", ["2:9 a = a:v1 -> newTag: v1@NEW"]],
    [
      "a new name with a new tag",
      "- name: a\n  newName: b/c\n  newTag: 'v1'",
      ["3:12 b/c = b/c:v1 -> newTag: 'v1@NEW'"],
    ],
    ["a tag that is a number", "- name: a\n  newTag: 1.10", ["2:9 a = a:1.10 -> newTag: 1.10@NEW"]],
    ["a tag with a digest", `- name: a\n  newTag: v1@${OLD}`, ["2:9 a = a:v1@OLD -> newTag: v1@NEW"]],
    ["a digest", `- name: a\n  digest: ${OLD}`, ["2:9 a = a@OLD -> digest: NEW"]],
    ["a tag and a digest", `- name: a\n  newTag: v1\n  digest: ${OLD}`, ["2:9 a = a:v1@OLD -> digest: NEW"]],
    ["no digest that is empty", `- name: a\n  newTag: v1\n  digest: ""`, ["2:9 a = a:v1 -> newTag: v1@NEW"]],
    ["no tag where it has none", "- name: a\n  newName: b", ["3:12 b ? its tag is that of the manifests it changes"]],
    ["no tag for a suffix", "- name: a\n  tagSuffix: -x", ["2:9 a ? its tag is that of the manifests it changes"]],
    ["nothing that it leaves as it is", "- name: a", []],
  ])("%s", (_, images, mentions) => {
    expect(told(kustomize, "base/kustomization.yaml", `images:\n${images}\n`)).toEqual(mentions);
  });
});

describe("a values file names", () => {
  test.each([
    ["an image in one text", "image: a/b:1", ["1:8 a/b:1 -> image: a/b:1@NEW"]],
    [
      "an image under a key that ends so",
      "initImage: a/b:1\nsome_image: c:1",
      ["1:12 a/b:1 -> initImage: a/b:1@NEW", "2:13 c:1 -> some_image: c:1@NEW"],
    ],
    ["a split image", "image:\n  repository: a/b\n  tag: v1", ["2:15 a/b = a/b:v1 -> tag: v1@NEW"]],
    [
      "a split image with a registry",
      "image: { registry: ghcr.io, repository: a/b, tag: 1.10 }",
      ["1:41 a/b = ghcr.io/a/b:1.10 -> image: { registry: ghcr.io, repository: a/b, tag: 1.10@NEW }"],
    ],
    ["a split image under any key", "web:\n  repository: a/b\n  tag: v1", ["2:15 a/b = a/b:v1 -> tag: v1@NEW"]],
    [
      "a tag with a digest",
      `image: { repository: a/b, tag: "v1@${OLD}" }`,
      ['1:22 a/b = a/b:v1@OLD -> image: { repository: a/b, tag: "v1@NEW" }'],
    ],
    [
      "a digest",
      `image: { repository: a/b, tag: v1, digest: "${OLD}" }`,
      ['1:22 a/b = a/b:v1@OLD -> image: { repository: a/b, tag: v1, digest: "NEW" }'],
    ],
    [
      "a digest alone",
      `image: { repository: a/b, tag: "", digest: ${OLD} }`,
      ['1:22 a/b = a/b@OLD -> image: { repository: a/b, tag: "", digest: NEW }'],
    ],
    [
      "no digest that is empty",
      'image:\n  repository: a/b\n  tag: v1\n  digest: "" # none',
      ['2:15 a/b = a/b:v1 -> digest: "NEW" # none'],
    ],
    [
      "no digest that is null",
      "image:\n  repository: a/b\n  tag: v1\n  digest:\n",
      ["2:15 a/b = a/b:v1 -> digest: NEW"],
    ],
    [
      "no digest that is left out before a comment",
      "image:\n  repository: a/b\n  tag: v1\n  digest: # none\n",
      ["2:15 a/b = a/b:v1 -> digest: NEW # none"],
    ],
    [
      "no digest that is the null of an anchor",
      "x: &n\nimage:\n  repository: a/b\n  tag: v1\n  digest: *n\n",
      ["3:15 a/b = a/b:v1 -> tag: v1@NEW"],
    ],
    [
      "no digest that is ~",
      "image:\n  repository: a/b\n  tag: v1\n  digest: ~ # none",
      ["2:15 a/b = a/b:v1 -> digest: NEW # none"],
    ],
    [
      "the chart's version as a tag",
      'image: { repository: a/b, tag: "" }',
      ["1:22 a/b ? the tag is the chart's appVersion, which only the chart knows"],
    ],
    [
      "no tag where it has none",
      "image:\n  repository: a/b",
      ["2:15 a/b ? the tag is the chart's appVersion, which only the chart knows"],
    ],
    ["a text and its tag", "image: a/b\ntag: v1", ["1:8 a/b = a/b:v1 -> tag: v1@NEW"]],
    ["a text and its image tag", "image: a/b\nimageTag: 'v1'", ["1:8 a/b = a/b:v1 -> imageTag: 'v1@NEW'"]],
    [
      "no template",
      'image: "{{ .Values.x }}:1"\nweb: { repository: "{{ .y }}", tag: 1 }',
      ["1:9 {{ .Values.x }}:1 ? a template fills it in", "2:21 {{ .y }} ? a template fills it in"],
    ],
    [
      "no repository of Git or charts",
      "repository: https://a/b\nchart: { repository: a/b }\nimage: { repository: oci://a/b, tag: 1 }",
      [],
    ],
    [
      "no picture, no switch, nothing empty",
      "image: a/b.png\nlogo: { image: 'https://a/b:1' }\nbackgroundImage: x\nx: { image: true }\ny: { image: '' }\nz: { image: }",
      [],
    ],
    [
      "an image that takes the place of a merged one",
      "a: &a { image: x:1 }\nb: { <<: *a, image: y:1 }",
      ["1:16 x:1 -> a: &a { image: x:1@NEW }", "2:21 y:1 -> b: { <<: *a, image: y:1@NEW }"],
    ],
    [
      "an anchored image once",
      "a:\n  image: &i { repository: a/b, tag: v1 }\nb: { image: *i }\nc: { image: { <<: *i, tag: v2 } }",
      [
        "2:27 a/b = a/b:v1 -> image: &i { repository: a/b, tag: v1@NEW }",
        "2:27 a/b = a/b:v2 -> c: { image: { <<: *i, tag: v2@NEW } }",
      ],
    ],
  ])("%s", (_, text, mentions) => {
    expect(told(helm, "chart/values.yaml", text)).toEqual(mentions);
  });

  test.each([
    ["values.yaml", true],
    ["c/values-prod.yml", true],
    ["prod.values.yaml", true],
    ["prod-values.yaml", true],
    ["myvalues.yaml", false],
    ["values.json", false],
  ])("is %s one? %s", (path, is) => {
    expect(helm.claims({ path, text: "" })).toBe(is);
  });
});
