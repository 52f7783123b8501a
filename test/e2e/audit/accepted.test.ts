import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { runTool } from "../../lab/processes.ts";
import { writeTree } from "./ground.ts";
import { pinIn } from "./pinning.ts";
import { mistakesOf } from "./schemas.ts";
import { useWorld, type World } from "./world.ts";

/** What `tofu3 pin` writes is accepted by the tools whose files they are, or by the schemas that their linters use. */

const world = useWorld();
let folder = "";
let pin = "";

const GITLAB = "gitlab.com/gitlab-org/gitlab/-/raw/master/app/assets/javascripts/editor/schema/ci.json";
const ARGO = "raw.githubusercontent.com/argoproj/argo-workflows/master/api/jsonschema/schema.json";

function filesOf({ registry }: World): Readonly<Record<string, string>> {
  const [fine, plain] = [`${registry.host}/lab/fine:1.0`, `${registry.host}/lab/fine`];
  const steps = "steps: [{ run: make }]";
  return {
    Dockerfile: `ARG BASE=${fine}\nFROM \${BASE} AS one\nFROM ${plain}\nCOPY --from=one / /a/\nCOPY --from=${fine} / /b/\n`,
    "compose.yaml": `services:\n  a: { image: ${fine} }\n  b:\n    image: \${B:-${fine}}\n  c: { image: "${plain}" }\n`,
    "deploy/pod.yaml": `apiVersion: v1\nkind: Pod\nmetadata: { name: a }\nspec:\n  containers:\n    - { name: a, image: ${fine} }\n    - name: b\n      image: ${plain}\n`,
    "deploy/kustomization.yaml": `apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [pod.yaml]\nimages:\n  - name: ${plain}\n    newTag: "1.0"\n`,
    ".github/workflows/ci.yml": `on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    container: ${fine}\n    services:\n      db: { image: "${plain}" }\n    steps:\n      - uses: docker://${fine}\n`,
    ".github/actions/a/action.yml": `name: a\ndescription: d\nruns:\n  using: docker\n  image: docker://${fine}\n`,
    ".gitlab-ci.yml": `image: ${fine}\na:\n  image: { name: "${plain}", entrypoint: [""] }\n  services: ["${fine}"]\n  script: make\n`,
    ".circleci/config.yml": `version: 2.1\njobs:\n  build:\n    docker:\n      - image: ${fine}\n    ${steps}\n`,
    "cloudbuild.yaml": `steps:\n  - name: ${fine}\n    args: [make]\n`,
    ".drone.yml": `kind: pipeline\ntype: docker\nname: a\nsteps:\n  - name: a\n    image: ${fine}\n    commands: [make]\n`,
    "argo.yaml": `apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nmetadata: { name: a }\nspec:\n  entrypoint: a\n  templates:\n    - name: a\n      container: { image: "${fine}", command: [make] }\n`,
  };
}

beforeAll(async () => {
  const { registry, digests } = world();
  pin = `@${digests.get(`${registry.host}/lab/fine:1.0`) ?? ""}`;
  folder = await writeTree(world(), filesOf(world()));
  const seen = await pinIn(world(), folder);
  expect(seen.code, seen.stderr).toBe(0);
});

async function textOf(file: string): Promise<string> {
  return readFile(join(folder, file), "utf8");
}

test("every file of this tree has its pins", async () => {
  for (const [file, before] of Object.entries(filesOf(world()))) {
    const count = before.split("/lab/fine").length - 1;
    expect([file, (await textOf(file)).split(pin).length - 1]).toEqual([file, count]);
  }
});

describe("by their own tools", () => {
  test("a Dockerfile, by buildah, which builds it from what is pinned", async () => {
    const room = await world().stage.room();
    const storage = ["--root", join(room, "root"), "--runroot", join(room, "run"), "--storage-driver", "vfs"];
    const env = { PATH: process.env["PATH"], HOME: world().stage.home, BUILDAH_ISOLATION: "chroot" };
    const from = ["-f", join(folder, "Dockerfile"), await world().stage.room()];
    await runTool("buildah", [...storage, "build", "--tls-verify=false", "--no-cache", ...from], { env });
  }, 60_000);

  test("a Compose file, by docker-compose", async () => {
    const said = await runTool("docker-compose", ["-f", join(folder, "compose.yaml"), "config"]);
    expect(said.split(pin)).toHaveLength(4);
  });

  test("a Kustomization and what it changes, by kubectl", async () => {
    const said = await runTool("kubectl", ["kustomize", join(folder, "deploy")]);
    const { registry } = world();
    const image = `${registry.host}/lab/fine:1.0${pin}`;
    expect(said.match(/image: .*/g)).toEqual([`image: ${image}`, `image: ${image}`]);
    const pod = join(folder, "deploy/pod.yaml");
    expect(await runTool("kubectl", ["label", "--local", "-f", pod, "a=b", "-o", "yaml"])).toContain(image);
  });
});

describe("by their schemas", () => {
  test.each([
    {
      file: ".github/workflows/ci.yml",
      schema: "github-workflow.json",
      broken: "on: push\njobs: { a: { runs-on: ubuntu-latest, container: [a], steps: [{ run: a }] } }",
    },
    { file: ".github/actions/a/action.yml", schema: "github-action.json", broken: "name: a\nruns: { image: a }" },
    { file: ".gitlab-ci.yml", schema: GITLAB, broken: "image: [a]" },
    { file: ".circleci/config.yml", schema: "circleciconfig.json", broken: "version: 2.1\njobs: { a: { docker: a } }" },
    { file: "cloudbuild.yaml", schema: "cloudbuild.json", broken: "steps: a" },
    { file: ".drone.yml", schema: "drone.json", broken: "kind: pipeline\nsteps: a" },
    { file: "deploy/kustomization.yaml", schema: "kustomization.json", broken: "images: [{ newTag: 1 }]" },
    {
      file: "deploy/pod.yaml",
      schema: "kubernetes-definitions.json",
      part: "#/definitions/io.k8s.api.core.v1.Pod",
      broken: "spec: { containers: [{ image: 1 }] }",
    },
    {
      file: "argo.yaml",
      schema: ARGO,
      part: "#/definitions/io.argoproj.workflow.v1alpha1.Workflow",
      broken: "spec: { templates: [{ container: { image: 1 } }] }",
    },
  ])("$file", async ({ file, schema, part, broken }) => {
    const read = (text: string): readonly unknown[] => parseAllDocuments(text).map((each) => each.toJS() as unknown);
    const text = await textOf(file);
    expect(text).toContain(pin);
    for (const document of read(text)) expect(mistakesOf(schema, document, part)).toEqual([]);
    // it is looked at where the reference stands
    for (const document of read(broken)) expect(mistakesOf(schema, document, part)).not.toEqual([]);
  });
});
