import { describe, expect, test } from "vitest";
import { circleci } from "../../src/pins/formats/circleci.ts";
import { cloudbuild } from "../../src/pins/formats/cloudbuild.ts";
import { drone } from "../../src/pins/formats/drone.ts";
import { gitlab } from "../../src/pins/formats/gitlab.ts";
import { told } from "./pinned.ts";

describe("a GitLab pipeline names", () => {
  test.each([
    ["a global image", "image: ruby:3.3", ["1:8 ruby:3.3 -> image: ruby:3.3@NEW"]],
    ["an image by name", "image:\n  name: ruby:3.3\n  entrypoint: ['']", ["2:9 ruby:3.3 -> name: ruby:3.3@NEW"]],
    ["a default image", "default: { image: ruby }", ["1:19 ruby -> default: { image: ruby:latest@NEW }"]],
    ["a job's image", "a:\n  image: b:1", ["2:10 b:1 -> image: b:1@NEW"]],
    ["a hidden job's image", ".a:\n  image: b:1", ["2:10 b:1 -> image: b:1@NEW"]],
    [
      "services",
      "services: [a:1]\nj:\n  services:\n    - b:1\n    - name: c:1\n      alias: d:1",
      ["1:12 a:1 -> services: [a:1@NEW]", "4:7 b:1 -> - b:1@NEW", "5:13 c:1 -> - name: c:1@NEW"],
    ],
    ["no variable", "variables:\n  image: no:1\nworkflow:\n  image: no:1", []],
    ["no reference to another job", "a:\n  image: !reference [.b, image]\n  services: [!reference [.b, services]]", []],
    ["no merged image twice", ".b: &b\n  image: b:1\na:\n  <<: *b\nc:\n  <<: *b", ["2:10 b:1 -> image: b:1@NEW"]],
    [
      "a global variable's image, where it is",
      "variables:\n  IMG: a:1\nj:\n  image: $IMG",
      ["2:8 a:1 -> IMG: a:1@NEW"],
    ],
    [
      "a described variable's image",
      "variables:\n  IMG: { value: a:1, description: x }\nj:\n  image: ${IMG}",
      ["2:17 a:1 -> IMG: { value: a:1@NEW, description: x }"],
    ],
    [
      "a job's own variable before a global one",
      "variables: { V: 1 }\nj:\n  variables: { V: 2 }\n  image: a:$V",
      ["4:10 a:$V = a:2 by hand: it is put together from variables"],
    ],
    [
      "a variable's variable",
      "variables: { V: $W, W: b:1 }\nj:\n  image: $V",
      ["1:24 b:1 -> variables: { V: $W, W: b:1@NEW }"],
    ],
    [
      "no variable that names itself",
      "variables: { V: $W, W: $V }\nj:\n  image: $V",
      ["3:10 $V ? the variable V names itself"],
    ],
    [
      "no variable from outside",
      "j:\n  image: $CI_REGISTRY_IMAGE:1",
      ["2:10 $CI_REGISTRY_IMAGE:1 ? the variable CI_REGISTRY_IMAGE has no default"],
    ],
    [
      "an input's default",
      "spec:\n  inputs:\n    image: { default: a:1 }\n    x:\n---\nj:\n  image: $[[ inputs.image ]]\nk:\n  image: a:$[[ inputs.x ]]",
      ["3:23 a:1 -> image: { default: a:1@NEW }", "9:10 a:$[[ inputs.x ]] ? $[[ inputs.x ]] has no default"],
    ],
  ])("%s", (_, text, mentions) => {
    expect(told(gitlab, ".gitlab-ci.yml", text)).toEqual(mentions);
  });

  test.each([
    [".gitlab-ci.yml", true],
    ["ci/build.gitlab-ci.yaml", true],
    [".gitlab/ci/rules.yml", true],
    ["gitlab.yml", false],
  ])("in %s: %s", (path, is) => {
    expect(gitlab.claims({ path, text: "" })).toBe(is);
  });
});

describe("a CircleCI configuration names", () => {
  test.each([
    [
      "a job's images",
      "jobs:\n  a:\n    docker:\n      - image: b:1\n      - image: c:1",
      ["4:16 b:1 -> - image: b:1@NEW", "5:16 c:1 -> - image: c:1@NEW"],
    ],
    [
      "an executor's image",
      "executors:\n  a: { docker: [{ image: b:1 }] }",
      ["2:26 b:1 -> a: { docker: [{ image: b:1@NEW }] }"],
    ],
    [
      "an inline orb's",
      "orbs:\n  o:\n    jobs: { a: { docker: [{ image: b:1 }] } }\n  node: circleci/node@5",
      ["3:36 b:1 -> jobs: { a: { docker: [{ image: b:1@NEW }] } }"],
    ],
    ["no machine's image", "jobs:\n  a:\n    machine:\n      image: ubuntu-2204:2024", []],
    [
      "a parameter's default, where it is",
      "jobs:\n  a:\n    parameters: { i: { type: string, default: b:1 } }\n    docker: [{ image: << parameters.i >> }]",
      ["3:47 b:1 -> parameters: { i: { type: string, default: b:1@NEW } }"],
    ],
    [
      "what is put together of a default",
      "parameters: { v: { default: '2' } }\njobs:\n  a:\n    docker: [{ image: 'b:<< pipeline.parameters.v >>' }]",
      ["4:24 b:<< pipeline.parameters.v >> = b:2 by hand: it is put together from variables"],
    ],
    [
      "no parameter without a default",
      "jobs:\n  a:\n    docker: [{ image: 'b:<<parameters.v>>' }]",
      ["3:24 b:<<parameters.v>> ? << parameters.v >> has no default"],
    ],
  ])("%s", (_, text, mentions) => {
    expect(told(circleci, ".circleci/config.yml", text)).toEqual(mentions);
  });
});

describe("a Cloud Build configuration names", () => {
  test.each([
    [
      "its steps' images",
      "steps:\n- name: gcr.io/cloud-builders/docker\n  id: x:1\nimages: [no:1]",
      ["2:9 gcr.io/cloud-builders/docker -> - name: gcr.io/cloud-builders/docker:latest@NEW"],
    ],
    [
      "a substitution's image",
      "steps:\n- name: $_I\nsubstitutions: { _I: a:1 }",
      ["3:22 a:1 -> substitutions: { _I: a:1@NEW }"],
    ],
    [
      "what is put together",
      "steps:\n- name: a:${_V}\nsubstitutions: { _V: 3 }",
      ["2:9 a:${_V} = a:3 by hand: it is put together from variables"],
    ],
    [
      "no project",
      "steps:\n- name: gcr.io/$PROJECT_ID/a",
      ["2:9 gcr.io/$PROJECT_ID/a ? the variable PROJECT_ID has no default"],
    ],
  ])("%s", (_, text, mentions) => {
    expect(told(cloudbuild, "cloudbuild.yaml", text)).toEqual(mentions);
  });

  test("in JSON", () => {
    const text = '{\n\t"steps": [\n\t\t{ "name": "a:1" }\n\t]\n}\n';
    expect(told(cloudbuild, "ci/cloudbuild-dev.json", text)).toEqual(['3:14 a:1 -> { "name": "a:1@NEW" }']);
  });
});

describe("a Drone or Woodpecker pipeline names", () => {
  test.each([
    [
      "steps and services of every document",
      "kind: pipeline\nsteps:\n- name: a\n  image: b:1\n---\nkind: pipeline\nservices:\n- image: c:1\n  name: d:1",
      ["4:10 b:1 -> image: b:1@NEW", "8:10 c:1 -> - image: c:1@NEW"],
    ],
    [
      "steps by name",
      "steps:\n  a:\n    image: b:1\nclone:\n  git: { image: c:1 }",
      ["3:12 b:1 -> image: b:1@NEW", "5:17 c:1 -> git: { image: c:1@NEW }"],
    ],
    [
      "no variable",
      "steps:\n  - image: b:${DRONE_TAG}",
      ["2:12 b:${DRONE_TAG} ? the variable DRONE_TAG has no default"],
    ],
    [
      "the images of its matrix",
      "matrix:\n  V: [1, 2]\n  I: [d:1]\nsteps:\n  - image: b:${V}\n  - image: ${I}",
      [
        "3:7 d:1 -> I: [d:1@NEW]",
        "5:12 b:${V} = b:1 by hand: it is put together from variables",
        "5:12 b:${V} = b:2 by hand: it is put together from variables",
      ],
    ],
  ])("%s", (_, text, mentions) => {
    expect(told(drone, ".drone.yml", text)).toEqual(mentions);
  });

  test.each([
    [".drone.yml", true],
    [".woodpecker.yaml", true],
    [".woodpecker/test.yml", true],
    ["drone.yml", false],
  ])("in %s: %s", (path, is) => {
    expect(drone.claims({ path, text: "" })).toBe(is);
  });
});
