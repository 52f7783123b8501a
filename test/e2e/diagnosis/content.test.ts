import { describe, expect, test } from "vitest";
import { makeAuthority } from "../../lab/authority.ts";
import type { Scripted } from "../../lab/liar-answer.ts";
import { freePort } from "../../lab/processes.ts";
import { startRegistry } from "../../lab/registry.ts";
import { expectGolden } from "./golden.ts";
import { documentAnswer, expectTold, useGround, VANTAGES, type Look, type Scene } from "./ground.ts";
import { fixedImage } from "./images.ts";

/** What is no content, false content, or nothing. */

const ground = useGround();
const image = await fixedImage(["tofu 1.4\n"]);
const [layer] = image.layers;
const blob = layer?.digest ?? "";
const PAGE: Scripted = {
  headers: { "Content-Type": "text/html; charset=utf-8" },
  body: "<!DOCTYPE html><html><head><title>Hotel Wi-Fi</title></head><body>Please log in</body></html>",
};
const MISSING: Scripted = {
  status: 404,
  headers: { "Content-Type": "application/json" },
  body: '{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}',
};

async function openWithImage(): Promise<Scene> {
  const scene = await ground().open();
  await scene.push(image);
  return scene;
}

/** A layer with one byte changed, of the right size. */
function damaged(): Scripted {
  const body = Buffer.from(layer?.bytes ?? "");
  body.writeUInt8(body.readUInt8(512) ^ 1, 512);
  return { body };
}

describe("bytes that do not hash to what they were asked by", () => {
  test("at one vantage: false-content, sure, and it is named", async () => {
    const scene = await openWithImage();
    scene.lie("fra", scene.path(blob, "blobs"), damaged());
    const seen = await scene.look();
    expectTold(seen, { code: 10, outcome: "disagreed", class: "false-content", confidence: "sure", names: ["fra"] });
    expectGolden("false-content", seen, ground().registry.host);
  });

  test("at all of them: the registry's own storage is wrong", async () => {
    const scene = await openWithImage();
    scene.lie("all", scene.path(blob, "blobs"), damaged());
    const seen = await scene.look();
    expectTold(seen, { code: 10, outcome: "disagreed", class: "false-content", confidence: "sure", names: [] });
    expect(seen.evidence.diagnosis?.next).toContain("storage");
  });
});

describe("a page in the place of content", () => {
  test("of the manifest, at one vantage: not-content, and incomplete, since nobody contradicts anybody", async () => {
    const scene = await openWithImage();
    scene.lie("sgp", scene.path("1.4"), PAGE);
    const seen = await scene.look();
    expectTold(seen, { code: 12, outcome: "incomplete", class: "not-content", confidence: "likely", names: ["sgp"] });
    expect(seen.evidence.diagnosis?.explanation).toContain("text/html");
    expect(seen.evidence.diagnosis?.explanation).toContain("<!DOCTYPE html>");
    expectGolden("not-content", seen, ground().registry.host);
  });

  test("of a layer that was asked for by its digest: disagreed, and called a page", async () => {
    const scene = await openWithImage();
    scene.lie("sgp", scene.path(blob, "blobs"), PAGE);
    const seen = await scene.look();
    expectTold(seen, { code: 10, outcome: "disagreed", class: "not-content", confidence: "sure", names: ["sgp"] });
  });
});

describe("what does not exist", () => {
  test("anywhere: absent", async () => {
    const scene = await ground().open();
    const seen = await scene.look();
    expectTold(seen, { code: 16, outcome: "absent", class: "absent", confidence: "sure", names: [] });
    expectGolden("absent", seen, ground().registry.host);
  });

  test("at one vantage: incomplete, and absent there, possibly", async () => {
    const scene = await openWithImage();
    scene.lie("here", scene.path("1.4"), MISSING);
    const seen = await scene.look();
    expectTold(seen, { code: 12, outcome: "incomplete", class: "absent", confidence: "possible", names: ["here"] });
  });
});

describe("a vantage without a valid answer: unreachable, and the stage is named", () => {
  const HTTP: readonly { stage: string; answer: Scripted }[] = [
    { stage: "auth", answer: { status: 401, headers: { "WWW-Authenticate": 'Basic realm="x"' } } },
    { stage: "http", answer: { status: 503 } },
    { stage: "body", answer: { ...documentAnswer(image.manifest), cutAt: 100, then: "fin" } },
  ];

  test.each(HTTP)("$stage", async ({ stage, answer }) => {
    const scene = await openWithImage();
    scene.lie("fra", scene.path("1.4"), answer);
    expectStage(await scene.look(), stage, "fra");
  });

  test("ssh: a VM that is down", async () => {
    const scene = await openWithImage();
    const { stage, liar } = ground();
    const dead = { ...stage.sgp, port: await freePort() };
    const workers = [
      { name: "fra", vm: stage.fra, proxy: liar.proxyOf("fra") },
      { name: "sgp", vm: dead, proxy: liar.proxyOf("sgp") },
    ];
    const seen = await scene.look({ config: { workers } });
    expectStage(seen, "ssh", "sgp");
    expectGolden("unreachable", seen, ground().registry.host);
  });

  const direct = (): Look => ({
    config: {
      local: {},
      workers: [
        { name: "fra", vm: ground().stage.fra },
        { name: "sgp", vm: ground().stage.sgp },
      ],
    },
  });

  test("dns: a registry whose name nobody knows", async () => {
    const scene = await ground().open();
    const seen = await scene.look({ ...direct(), reference: "registry.invalid/acme/tool:1.4" });
    expectStage(seen, "dns", ...VANTAGES);
  });

  test("connect: a registry that is down", async () => {
    const scene = await ground().open();
    const seen = await scene.look({ ...direct(), reference: `127.0.0.1:${await freePort()}/acme/tool:1.4` });
    expectStage(seen, "connect", ...VANTAGES);
  });

  test("tls: a registry with a certificate of an authority that nobody knows", async () => {
    const { lab } = ground();
    const registry = await lab(startRegistry({ tls: true }));
    const scene = await ground().open();
    const other = await makeAuthority(await ground().stage.room());
    const { config } = direct();
    const others = { registries: { [registry.host]: { caFile: other.caFile } } };
    const seen = await scene.look({ config: { ...config, others }, reference: `${registry.host}/acme/tool:1.4` });
    expectStage(seen, "tls", ...VANTAGES);
  });
});

const WORDS: Readonly<Record<string, string>> = {
  ssh: "(on the way to the VM)",
  dns: "(resolving a name)",
  connect: "(connecting)",
  tls: "(in the TLS handshake)",
  auth: "(logging in to the registry)",
  http: "(asking the registry)",
  body: "(receiving the body)",
};

function expectStage(seen: Awaited<ReturnType<Scene["look"]>>, stage: string, ...names: readonly string[]): void {
  const told = { code: 12, outcome: "incomplete", class: "unreachable", confidence: "likely" } as const;
  expectTold(seen, { ...told, names });
  expect(seen.evidence.diagnosis?.explanation).toContain(WORDS[stage]);
  for (const { worker, error } of seen.evidence.observations)
    expect(error?.stage ?? null, worker).toBe(names.includes(worker) ? stage : null);
  expect(seen.evidence.diagnosis?.next).not.toBe("");
}

test("three votes from one machine: indistinct, unexplained", async () => {
  const scene = await openWithImage();
  const seen = await scene.look({ policy: { distinct: ["machine"] } });
  expectTold(seen, {
    code: 13,
    outcome: "indistinct",
    class: "unexplained",
    confidence: "sure",
    names: [...VANTAGES],
  });
  expectGolden("unexplained", seen, ground().registry.host);
});
