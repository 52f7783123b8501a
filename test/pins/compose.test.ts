import { describe, expect, test } from "vitest";
import { compose } from "../../src/pins/formats/compose.ts";
import { look, OLD, told } from "./pinned.ts";

const inService = (lines: string): string => `services:\n  web:\n${lines.replace(/^/gm, "    ")}\n`;

describe("a Compose file names", () => {
  test.each([
    ["a service's image", "image: nginx:1.27", ["3:12 nginx:1.27 -> image: nginx:1.27@NEW"]],
    ["an image without a tag", "image: nginx # web", ["3:12 nginx -> image: nginx:latest@NEW # web"]],
    [
      "an image on a port",
      "image: localhost:5000/web",
      ["3:12 localhost:5000/web -> image: localhost:5000/web:latest@NEW"],
    ],
    ["a pinned image", `image: "nginx:1.27@${OLD}"`, ['3:13 nginx:1.27@OLD -> image: "nginx:1.27@NEW"']],
    ["an image with a digest alone", `image: 'nginx@${OLD}'`, ["3:13 nginx@OLD -> image: 'nginx@NEW'"]],
    ["nothing with an empty image", 'image: ""', []],
    ["nothing with no image", "image:\nimage: ~", []],
    ["not the image that it builds", "image: mine:1\nbuild: .", []],
    ["not the image that it builds by a mapping", "build: { context: . }\nimage: mine:1", []],
    ["not the image that it builds anew", "image: mine:1\nbuild: .\npull_policy: build", []],
    [
      "the image that it builds where it is pulled first",
      "image: mine:1\nbuild: .\npull_policy: missing",
      ["3:12 mine:1 -> image: mine:1@NEW"],
    ],
    [
      "images among build contexts",
      "build:\n  additional_contexts:\n    base: docker-image://alpine:3.20\n    here: ../x\n    git: https://example.com/x.git",
      ["5:30 alpine:3.20 -> base: docker-image://alpine:3.20@NEW"],
    ],
    [
      "images in a list of build contexts",
      "build:\n  additional_contexts:\n    - base=docker-image://alpine:3.20\n    - x=./y",
      ["5:31 alpine:3.20 -> - base=docker-image://alpine:3.20@NEW"],
    ],
    [
      "images that are volumes",
      "volumes:\n  - type: image\n    source: data:1\n    target: /x\n  - type: bind\n    source: ./no:1\n  - db:/var",
      ["5:17 data:1 -> source: data:1@NEW"],
    ],
    ["no caches", "build:\n  cache_from: [alpine:3, 'type=registry,ref=a/b:1']", []],
    ["a default", "image: ${IMAGE:-nginx:1.27}", ["3:21 nginx:1.27 -> image: ${IMAGE:-nginx:1.27@NEW}"]],
    ["a default where unset", 'image: "${IMAGE-nginx}"', ['3:21 nginx -> image: "${IMAGE-nginx:latest@NEW}"']],
    ["a default's default", "image: ${A:-${B:-nginx:1}}", ["3:22 nginx:1 -> image: ${A:-${B:-nginx:1@NEW}}"]],
    [
      "what is put together",
      "image: ${HUB:-docker.io}/nginx:${TAG:-1.27}",
      ["3:12 ${HUB:-docker.io}/nginx:${TAG:-1.27} = docker.io/nginx:1.27 by hand: it is put together from variables"],
    ],
    ["what is not known", "image: nginx:$TAG", ["3:12 nginx:$TAG ? the variable TAG has no default"]],
    ["what is not known, in braces", "image: ${A}/b", ["3:12 ${A}/b ? the variable A has no default"]],
    ["what has to be given", "image: b:${A:?give it}", ["3:12 b:${A:?give it} ? the variable A decides it"]],
    ["a dollar sign", "image: nginx:$$x", ['3:12 nginx:$$x = nginx:$x ? "$x" is not a tag']],
    ["a brace that is open", "image: nginx:${TAG:-1", ['3:12 nginx:${TAG:-1 ? "${" has no "}"']],
    ["what is no reference", "image: Nginx:1", ["3:12 Nginx:1 ? a repository name is lower case"]],
  ])("%s", (_, lines, mentions) => {
    expect(told(compose, "compose.yaml", inService(lines))).toEqual(mentions);
  });

  test("what a Dockerfile within it names", () => {
    const text = inService(
      "build:\n  dockerfile_inline: |\n    # it is indented\n    FROM nginx:1.27 AS web\n\n      RUN echo $$X\n    COPY --from=alpine:3 / /\n    FROM $$NOT\n",
    );
    expect(told(compose, "compose.yaml", text)).toEqual([
      "6:14 nginx:1.27 -> FROM nginx:1.27@NEW AS web",
      "9:21 alpine:3 -> COPY --from=alpine:3@NEW / /",
      "10:15 $NOT ? the variable NOT has no default",
    ]);
  });

  test("a text that is longer than any reference may come to a short one: it is not left out", () => {
    const text = inService(`image: ${"${A:-}".repeat(1000)}alpine\n`);
    const [only, ...others] = look(compose, "compose.yaml", text).mentions;
    expect([only?.target, others]).toEqual([{ kind: "unresolved", why: "it is too long for a reference" }, []]);
    expect(only?.text).toHaveLength(4096);
  });

  test("what a quoted Dockerfile within it names, where it can", () => {
    const text =
      inService('build:\n  dockerfile_inline: "FROM nginx:1.27"\n') +
      '  b: { build: { dockerfile_inline: "FROM a:1\\nRUN b" } }\n';
    expect(told(compose, "compose.yaml", text)).toEqual([
      '4:32 nginx:1.27 -> dockerfile_inline: "FROM nginx:1.27@NEW"',
      "6:37 FROM a:1\\nRUN b = a:1 by hand: the file has it in escaped characters",
    ]);
  });

  test("models, and projects in a registry", () => {
    const text =
      "include:\n  - oci://docker.io/a/b:1\n  - path: [ oci://docker.io/a/c:1, ./d.yaml ]\n  - e.yaml\n" +
      "models:\n  llm:\n    model: ai/smollm2:360M\n";
    expect(told(compose, "docker-compose.prod.yml", text)).toEqual([
      "2:11 docker.io/a/b:1 -> - oci://docker.io/a/b:1@NEW",
      "3:19 docker.io/a/c:1 -> - path: [ oci://docker.io/a/c:1@NEW, ./d.yaml ]",
      "7:12 ai/smollm2:360M -> model: ai/smollm2:360M@NEW",
    ]);
  });

  test("an anchored image once, at the anchor", () => {
    const text = `x-image: &image nginx:1
x-web: &web
  image: redis:7
services:
  a: { image: *image }
  b: { image: *image }
  c:
    <<: *web
  d:
    <<: [*web, { image: no:1 }]
    image: own:1
`;
    expect(told(compose, "compose.yaml", text)).toEqual([
      "1:17 nginx:1 -> x-image: &image nginx:1@NEW",
      "3:10 redis:7 -> image: redis:7@NEW",
      "11:12 own:1 -> image: own:1@NEW",
    ]);
  });
});

describe("a file is a Compose file", () => {
  test.each([
    ["compose.yaml", "", true],
    ["a/docker-compose.override.yml", "", true],
    ["stack.yml", "version: '3'\nservices:\n  a:\n    image: b\n", true],
    ["stack.yml", "services:\n  - docker\nimage: b\n", false],
    ["stack.json", "services:\n  a:\n    image: b\n", false],
    ["decompose.yaml", "", false],
  ])("%s %j: %s", (path, text, is) => {
    expect(compose.claims({ path, text })).toBe(is);
  });
});
