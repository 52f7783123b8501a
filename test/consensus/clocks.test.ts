import { describe, expect, test } from "vitest";
import { clocksAgree, type Timed } from "../../src/consensus/clocks.ts";

const [STARTED, FINISHED] = ["2026-03-01T12:00:00.000Z", "2026-03-01T12:00:10.000Z"];

/** A look of ten seconds, with the VM's offset and the registry's date. */
function look(clockOffsetMs: number | null, date: string | null = null): Timed {
  const headers = date === null ? [] : ["age: 3", `date: ${date}`, "etag: x"];
  return { startedAt: STARTED, finishedAt: FINISHED, evidence: { clockOffsetMs, headers } };
}

const at = (time: string): string => `Sun, 01 Mar 2026 ${time} GMT`;

describe("the clocks", () => {
  test.each([
    { why: "nobody says anything", looks: [look(null), look(null)], agree: false },
    { why: "nobody looked", looks: [], agree: false },
    { why: "the VMs say the same", looks: [look(null), look(0), look(-2000)], agree: true },
    { why: "a VM is a quarter of an hour behind", looks: [look(-900_000), look(0)], agree: true },
    { why: "a VM is more behind", looks: [look(-900_001), look(0)], agree: false },
    { why: "a VM is more ahead", looks: [look(0), look(900_001)], agree: false },
    { why: "a VM's clock cannot be read", looks: [look(NaN), look(0)], agree: false },
    { why: "no VM, and the registry says the same", looks: [look(null, at("12:00:05")), look(null)], agree: true },
    { why: "no VM, and the registry is a quarter of an hour behind", looks: [look(null, at("11:45:00"))], agree: true },
    { why: "no VM, and the registry is more behind", looks: [look(null, at("11:44:59"))], agree: false },
    { why: "no VM, and the registry is a quarter of an hour ahead", looks: [look(null, at("12:15:10"))], agree: true },
    { why: "no VM, and the registry is more ahead", looks: [look(null, at("12:15:11"))], agree: false },
    {
      why: "no VM, and one of two registries is a day off",
      looks: [look(null, at("12:00:05")), look(null, "Mon, 02 Mar 2026 12:00:05 GMT")],
      agree: false,
    },
    { why: "no VM, and the registry says no date", looks: [look(null, "yesterday")], agree: false },
    {
      why: "a VM that is right beats a registry that is not",
      looks: [look(0), look(null, at("09:00:00"))],
      agree: true,
    },
    {
      why: "a registry that is right makes up for no VM that is not",
      looks: [look(3_600_000), look(null, at("12:00:05"))],
      agree: false,
    },
  ])("$why: $agree", ({ looks, agree }) => {
    expect(clocksAgree(looks)).toBe(agree);
    expect(clocksAgree(looks.toReversed())).toBe(agree);
  });
});
