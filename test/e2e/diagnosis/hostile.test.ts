import { describe, expect, test } from "vitest";
import { blobOf, makeIndex } from "../../lab/image.ts";
import { relay } from "../../lab/liar-relay.ts";
import { documentAnswer, expectTold, useGround, VANTAGES, type Scene } from "./ground.ts";
import { AMD64, fixedImage } from "./images.ts";

/** Whoever lies to the probes, or only to the probes, releases nothing and lowers no alarm. */

const ground = useGround();
const [image, other] = await Promise.all([fixedImage(["tofu 1.4\n"]), fixedImage(["tofu 1.4, and more\n"])]);

async function openWithImage(): Promise<Scene> {
  const scene = await ground().open();
  await scene.push(image);
  return scene;
}

describe("a liar that wants it to look like a moved tag", () => {
  test("honest at every probe after a false job: its digest is nowhere else, so it is a split view", async () => {
    const scene = await openWithImage();
    scene.plant("sgp", other);
    scene.lie("sgp", scene.path("1.4"), documentAnswer(other.manifest), relay);
    const seen = await scene.look();
    expectTold(seen, { code: 10, outcome: "disagreed", class: "split-view", confidence: "likely", names: ["sgp"] });
  });

  test("replays what the tag once was, and is honest then: the ledger knows that it had moved before", async () => {
    const scene = await openWithImage();
    expect((await scene.look()).code).toBe(0);
    await scene.push(other);
    expect((await scene.look()).code).toBe(0);
    scene.lie("sgp", scene.path("1.4"), documentAnswer(image.manifest), relay);
    const seen = await scene.look();
    expect(seen.code, seen.stdout).toBe(10);
    expect(seen.evidence).toMatchObject({ outcome: "disagreed", diagnosis: { class: "stale-replica" } });
    expect(seen.left).toEqual([]);
  });

  test("moves it there and back: no order of pushes explains that", async () => {
    const scene = await openWithImage();
    await scene.push(other, null);
    const [mine, theirs] = [documentAnswer(image.manifest), documentAnswer(other.manifest)];
    scene.lie("sgp", scene.path("1.4"), mine, theirs, mine);
    scene.lie("fra", scene.path("1.4"), theirs, mine, mine);
    const seen = await scene.look();
    expect(seen.code, seen.stdout).toBe(10);
    expect(seen.evidence.outcome).toBe("disagreed");
    expect(seen.left).toEqual([]);
  });
});

test("a liar that is honest in the job, and waits for the probes: it is agreed, and nothing is asked again", async () => {
  const scene = await openWithImage();
  scene.lie("sgp", scene.path("1.4"), documentAnswer(image.manifest), documentAnswer(other.manifest));
  const seen = await scene.look();
  expect(seen.code, seen.stderr).toBe(0);
  const looks = ground().liar.requests.filter(({ target }) => target === scene.path("1.4"));
  expect(looks.map(({ vantage }) => vantage).sort()).toEqual([...VANTAGES]);
});

const EVIL = "\u001b[2J\u001b]0;owned\u0007\u202egnp.exe\u2066";
const SHOWN = String.raw`\u{1b}[2J`;

describe("text of a registry, with escapes and bidi characters", () => {
  test("in labels, annotations and dates: shown escaped in what differs", async () => {
    const labelled = await fixedImage(["tofu 1.4, and more\n"], { created: EVIL, labels: { [EVIL]: EVIL } });
    const index = (manifest: typeof image.manifest) =>
      makeIndex([{ manifest, platform: AMD64 }], { annotations: { [EVIL]: manifest === image.manifest ? "" : EVIL } });
    const scene = await ground().open();
    await scene.push(image, null);
    scene.lie("all", scene.path("1.4"), documentAnswer(index(image.manifest)));
    scene.plant("fra", { ...labelled, manifest: index(labelled.manifest) });
    scene.lie("fra", scene.path(labelled.manifest.digest), documentAnswer(labelled.manifest));
    const seen = await scene.look({ flags: ["--keep-evidence", "evidence"] });
    expect(seen.code, seen.stdout).toBe(10);
    expect(seen.stdout).toContain(`annotation ${SHOWN}`);
    expect(seen.stdout).toContain(`created: `);
    expect(seen.stdout).toContain(`label ${SHOWN}`);
  });

  test("in a page and in an error: shown escaped in the diagnosis, and not in the history", async () => {
    const scene = await openWithImage();
    const page = blobOf("text/html", `<html>${EVIL}`);
    scene.lie("fra", scene.path("1.4"), documentAnswer(page));
    const seen = await scene.look();
    expectTold(seen, { code: 12, outcome: "incomplete", class: "not-content", confidence: "likely", names: ["fra"] });
    expect(seen.evidence.diagnosis?.explanation).toContain("1b}[2J");
    const body = JSON.stringify({ errors: [{ code: "DENIED", message: EVIL }] });
    scene.lie("fra", scene.path("1.4"), { status: 403, headers: { "Content-Type": "application/json" }, body });
    const denied = await scene.look();
    expectTold(denied, { code: 12, outcome: "incomplete", class: "unreachable", confidence: "likely", names: ["fra"] });
    expect(denied.evidence.diagnosis?.explanation).toContain(SHOWN);
    const history = await scene.history();
    expect(history.code).toBe(0);
    expect(history.stdout).not.toMatch(/[\u001b\u0007\u202e\u2066]/);
  });
});
