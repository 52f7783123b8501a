import { describe, expect, test } from "vitest";
import { argo, kubernetes, tekton } from "../../src/pins/formats/manifests.ts";
import { OLD, look, told } from "./pinned.ts";

const POD = "apiVersion: v1\nkind: Pod\n";

test.each<[string, string]>([
  ["everything is indented", "  apiVersion: v1\n  kind: Pod\n  spec: { containers: [{ image: x:1 }] }\n"],
  ["behind a comment, in braces", "# hello\n{ apiVersion: v1, kind: Pod, spec: { containers: [{ image: x:1 }] } }\n"],
  ["on the line of the marker", "--- { apiVersion: v1, kind: Pod, spec: { containers: [{ image: x:1 }] } }\n"],
  ["with keys of their own lines", "? apiVersion\n: v1\n? kind\n: Pod\nspec: { containers: [{ image: x:1 }] }\n"],
  ["with escapes", '"\\x61piVersion": v1\n"\\x6bind": Pod\nspec: { containers: [{ image: x:1 }] }\n'],
])("a manifest is one however it is written: %s", (_, text) => {
  expect(kubernetes.claims({ path: "a.yaml", text })).toBe(true);
  expect(kubernetes.find({ path: "a.yaml", text }).mentions.map((each) => each.text)).toEqual(["x:1"]);
});

describe("a Kubernetes manifest names", () => {
  test.each([
    [
      "a pod's containers",
      `${POD}spec:\n  initContainers: [{ image: a:1 }]\n  containers:\n    - name: x\n      image: b:1\n  ephemeralContainers:\n  - image: c@${OLD}`,
      [
        "4:29 a:1 -> initContainers: [{ image: a:1@NEW }]",
        "7:14 b:1 -> image: b:1@NEW",
        "9:12 c@OLD -> - image: c@NEW",
      ],
    ],
    [
      "a cron job's containers",
      "apiVersion: batch/v1\nkind: CronJob\nspec: { jobTemplate: { spec: { template: { spec: { containers: [{ image: b:1 }] } } } } }",
      ["3:74 b:1 -> spec: { jobTemplate: { spec: { template: { spec: { containers: [{ image: b:1@NEW }] } } } } }"],
    ],
    [
      "image volumes",
      `${POD}spec:\n  volumes:\n    - name: v\n      image: { reference: a:1, pullPolicy: Always }\n    - configMap: { name: b:1 }`,
      ["6:27 a:1 -> image: { reference: a:1@NEW, pullPolicy: Always }"],
    ],
    [
      "the containers of a list",
      `apiVersion: v1\nkind: List\nitems:\n  - apiVersion: v1\n    kind: Pod\n    spec: { containers: [{ image: a:1 }] }`,
      ["6:35 a:1 -> spec: { containers: [{ image: a:1@NEW }] }"],
    ],
    [
      "the containers of every document",
      `${POD}spec: { containers: [{ image: a:1 }] }\n---\n# empty\n---\n${POD}spec: { containers: [{ image: b:1 }] }`,
      [
        "3:31 a:1 -> spec: { containers: [{ image: a:1@NEW }] }",
        "9:31 b:1 -> spec: { containers: [{ image: b:1@NEW }] }",
      ],
    ],
    [
      "no text of a config map",
      "apiVersion: v1\nkind: ConfigMap\ndata:\n  containers: |\n    - image: a:1\n  image: b:1",
      [],
    ],
    ["nothing of a config map", "apiVersion: v1\nkind: ConfigMap\ncontainers: [{ image: a:1 }]", []],
    [
      "no schema",
      "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\ncontainers: [{ image: a:1 }]",
      [],
    ],
    ["nothing of a document that is no object", `${POD}spec: {}\n---\ncontainers: [{ image: a:1 }]`, []],
    [
      "a tagged image of a custom resource",
      "apiVersion: monitoring.coreos.com/v1\nkind: Prometheus\nspec:\n  image: quay.io/p/p:v3\n  logo: { image: x.png }\n  other: { image: https://a/b.png }",
      ["4:10 quay.io/p/p:v3 -> image: quay.io/p/p:v3@NEW"],
    ],
    ["no image elsewhere in Kubernetes' own", `${POD}spec: { image: "a:1", containers: no }`, []],
    [
      "no template",
      `${POD}spec: { containers: [{ image: "{{ .Values.image }}:1" }, { image: "a:$TAG" }] }`,
      [
        "3:32 {{ .Values.image }}:1 ? a template fills it in",
        "3:68 a:$TAG ? its variables are filled in by another tool",
      ],
    ],
  ])("%s", (_, text, mentions) => {
    expect(told(kubernetes, "deploy/app.yaml", text)).toEqual(mentions);
  });

  test("in JSON", () => {
    const text = '{ "apiVersion": "v1", "kind": "Pod",\n "spec": { "containers": [{ "image": "a:1" }] } }';
    expect(told(kubernetes, "pod.json", text)).toEqual([
      '2:39 a:1 -> "spec": { "containers": [{ "image": "a:1@NEW" }] } }',
    ]);
  });
});

describe("a Tekton resource names", () => {
  const task = (spec: string): string => `apiVersion: tekton.dev/v1\nkind: Task\nspec:\n${spec.replace(/^/gm, "  ")}`;

  test.each([
    [
      "steps, sidecars and the template of steps",
      "steps: [{ image: a:1 }]\nsidecars:\n  - image: b:1\nstepTemplate: { image: c:1 }",
      [
        "4:20 a:1 -> steps: [{ image: a:1@NEW }]",
        "6:14 b:1 -> - image: b:1@NEW",
        "7:26 c:1 -> stepTemplate: { image: c:1@NEW }",
      ],
    ],
    [
      "bundles",
      "taskRef: { name: x, bundle: a/b:1 }\npipelineRef:\n  resolver: bundles\n  params:\n    - { name: kind, value: task }\n    - { name: bundle, value: a/c:1 }",
      ["4:31 a/b:1 -> taskRef: { name: x, bundle: a/b:1@NEW }", "9:32 a/c:1 -> - { name: bundle, value: a/c:1@NEW }"],
    ],
    ["no file of another resolver", "taskRef:\n  resolver: git\n  params: [{ name: bundle, value: a/c:1 }]", []],
    [
      "a parameter's default, where it is",
      "params:\n  - name: i\n    default: a:1\nsteps:\n  - image: $(params.i)",
      ["6:16 a:1 -> default: a:1@NEW"],
    ],
    [
      "what is put together of a default",
      `params: [{ name: v, default: "2" }]\nsteps:\n  - image: a:$(params["v"])`,
      ['6:14 a:$(params["v"]) = a:2 by hand: it is put together from variables'],
    ],
    [
      "no parameter without a default",
      "params: [{ name: v }]\nsteps:\n  - image: a:$(params.v)\n  - image: $(context.x)",
      [
        "6:14 a:$(params.v) ? the parameter v has no default",
        "7:14 $(context.x) ? $(context.x) is known only when it runs",
      ],
    ],
  ])("%s", (_, spec, mentions) => {
    expect(told(tekton, "task.yaml", task(spec))).toEqual(mentions);
  });
});

test("an Argo workflow names containers, scripts and sidecars", () => {
  const text = `apiVersion: argoproj.io/v1alpha1
kind: Workflow
spec:
  templates:
    - container: { image: a:1 }
      sidecars: [{ image: b:1 }]
    - script:
        image: c:1
    - container: { image: "{{inputs.parameters.x}}" }
`;
  expect(told(argo, "flow.yml", text)).toEqual([
    "5:27 a:1 -> - container: { image: a:1@NEW }",
    "6:27 b:1 -> sidecars: [{ image: b:1@NEW }]",
    "8:16 c:1 -> image: c:1@NEW",
    "9:28 {{inputs.parameters.x}} ? a template fills it in",
  ]);
});

test("each object has the source of its own API", () => {
  const text = `${POD}spec: { containers: [{ image: a:1 }] }
---
apiVersion: tekton.dev/v1
kind: Task
spec: { steps: [{ image: b:1 }] }
---
apiVersion: argoproj.io/v1alpha1
kind: Rollout
spec: { template: { spec: { containers: [{ image: c:1 }] } } }
`;
  const { mentions } = look(tekton, "all.yaml", text);
  expect(mentions.map(({ source, text: said }) => [source, said])).toEqual([
    ["kubernetes", "a:1"],
    ["tekton", "b:1"],
    ["argo", "c:1"],
  ]);
});

test.each([
  ["a.yaml", POD, true],
  ["a.yml", "\ufeff# c\r\nkind: Pod\r\napiVersion: v1\r\n", true],
  ["a.json", ' {"kind": "Pod", "apiVersion": "v1"}', true],
  ["a.md", POD, false],
  ["Chart.yaml", "apiVersion: v2\nname: x\n", false],
  ["_config.yml", "title: x\nimage: https://a/b.png\n", false],
  ["a.yaml", "x:\n  apiVersion: v1\n", false],
])("%s with %j is a manifest: %s", (path, text, is) => {
  expect(kubernetes.claims({ path, text })).toBe(is);
});
