import { describe, expect, test } from "vitest";
import { changing, relay } from "../../lab/liar-relay.ts";
import { until } from "../../lab/processes.ts";
import { expectGolden } from "./golden.ts";
import { expectTold, useGround, type Scene } from "./ground.ts";
import { fixedImage } from "./images.ts";

/** A tag that moves: its publisher pushes to a real registry, while the workers look or between two verifications. */

const ground = useGround();
const [first, second, third] = await Promise.all([
  fixedImage(["tofu 1.4\n"], { created: "2026-11-01T08:00:00Z" }),
  fixedImage(["tofu 1.4, mended\n"], { created: "2026-11-24T08:00:00Z" }),
  fixedImage(["tofu 1.4, mended again\n"], { created: "2026-11-24T08:01:00Z" }),
]);
const MOVED = { code: 11, outcome: "moved", class: "tag-moved", confidence: "likely", names: [] } as const;

async function openWith(image: typeof first): Promise<Scene> {
  const scene = await ground().open();
  await scene.push(image);
  return scene;
}

describe("a push while the workers look", () => {
  test("after two of them have looked: moved, which releases nothing", async () => {
    const { liar, registry } = ground();
    const scene = await openWith(first);
    const looked = (): number =>
      liar.requests.filter((each) => each.target === scene.path("1.4") && each.end === "complete").length;
    const late = async (): Promise<void> => {
      await until("the others have looked", () => looked() === 2 || undefined);
      await scene.push(second);
    };
    scene.lie("sgp", scene.path("1.4"), async (request) => late().then(() => relay(request)), relay);
    scene.hold();
    const seen = await scene.look();
    expectTold(seen, MOVED);
    expect(seen.evidence.reason).toEqual({
      kind: "moved",
      from: [first.manifest.digest],
      to: second.manifest.digest,
    });
    expectGolden("tag-moved", seen, registry.host);
    // and the fresh run that it proposes agrees
    expect((await scene.look()).evidence).toMatchObject({
      outcome: "agreed",
      artifact: { digest: second.manifest.digest },
    });
  });

  // three looks are the job's, three and three are the rounds that come after it
  test.each([
    { before: [2], code: 11 },
    { before: [3], code: 11 },
    { before: [2, 4], code: 11 },
    { before: [3, 6], code: 11 },
    { before: [2, 7], code: 11 },
    { before: [2, 8], code: 10 },
    { before: [3, 9], code: 10 },
  ])("before look $before of nine: exit code $code, never released", async ({ before, code }) => {
    const scene = await openWith(first);
    const [once, twice] = before;
    const turns = changing({
      [once ?? 0]: () => scene.push(second),
      [twice ?? 0]: () => scene.push(third),
    });
    scene.lie("all", scene.path("1.4"), turns.answer);
    const seen = await scene.look();
    expect(turns.looks()).toBe(9);
    if (code === 11) expectTold(seen, MOVED);
    else {
      // the last look is not unanimous: nobody can say that it was only the time
      expect(seen.code, seen.stdout).toBe(10);
      expect(seen.evidence.outcome).toBe("disagreed");
      expect(seen.left).toEqual([]);
      expect(seen.stdout).not.toMatch(/\bMOVED\b/);
    }
  });
});

describe("a push between two verifications", () => {
  test("is a notice, as of a changed host key, on stdout, or on stderr beside JSON", async () => {
    const scene = await openWith(first);
    expect((await scene.look()).evidence.notices).toEqual([]);
    await scene.push(second);
    const notice =
      `THE TAG HAS MOVED since the last agreement: it was ${first.manifest.digest} ` +
      `(agreed on ${new Date().toISOString().slice(0, 10)}), and is ${second.manifest.digest} now; ` +
      "what changed: config and layer";
    const seen = await scene.look();
    expect(seen.code, seen.stderr).toBe(0);
    expect(seen.stdout).toContain(`THE TAG HAS MOVED since the last agreement\n`);
    expect(seen.stdout).toMatch(
      new RegExp(`\\n +on \\d{4}-\\d\\d-\\d\\d +${first.manifest.digest}\\n +now +${second.manifest.digest}\\n`),
    );
    expect(seen.evidence).toMatchObject({ outcome: "agreed", notices: [notice], history: { change: "moved" } });
    expectGolden("notice", seen, ground().registry.host);
    await scene.push(first);
    const back = await scene.look({ plain: false });
    expect(back.code, back.stderr).toBe(0);
    expect(back.stderr).toContain("THE TAG WENT BACK to an older digest since the last agreement");
    expect(back.evidence.history?.change).toBe("rolled-back");
    expect(JSON.parse(back.stdout)).toEqual(back.evidence);
  });

  test("is changed where the policy minds, until it is accepted by its digest; a way back is told as one", async () => {
    const { host } = ground().registry;
    const policy = { onChange: "fail" };
    const scene = await openWith(first);
    expect((await scene.look({ policy })).code).toBe(0);
    await scene.push(second);
    for (const name of ["tag-moved-ledger", null]) {
      const seen = await scene.look({ policy });
      expectTold(seen, { code: 15, outcome: "changed", class: "tag-moved", confidence: "sure", names: [] });
      if (name !== null) expectGolden(name, seen, host);
    }
    const accepted = await scene.look({ policy, pin: `@${second.manifest.digest}` });
    expect(accepted.code, accepted.stderr).toBe(0);
    expect((await scene.look({ policy })).code).toBe(0);
    await scene.push(first);
    const back = await scene.look({ policy });
    expectTold(back, { code: 15, outcome: "changed", class: "rolled-back", confidence: "sure", names: [] });
    expectGolden("rolled-back", back, host);
    expect((await scene.history("--check")).code).toBe(0);
  });

  test("away from a pin is changed, and the pin is named", async () => {
    const scene = await openWith(first);
    await scene.push(second);
    const seen = await scene.look({ pin: `@${first.manifest.digest}` });
    expectTold(seen, { code: 15, outcome: "changed", class: "tag-moved", confidence: "likely", names: [] });
    expectGolden("tag-moved-pin", seen, ground().registry.host);
  });
});
