import { execFileSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import type { Evidence } from "../../src/model/evidence.ts";
import type { Day } from "../../src/model/history.ts";
import { comeBack, dayRows } from "../../src/report/days.ts";
import { digest } from "../consensus/observations.ts";

type Parts = Pick<Evidence, "days" | "finishedAt" | "reason" | "request">;

function day(name: string, part: Partial<Day> = {}): Day {
  const looks = ["here", "fra", "sgp"].map((worker) => ({ worker, digest: digest("a") }));
  return { day: name, digest: digest("a"), outcome: "agreed", counts: true, looks, ...part };
}

function evidence(part: Partial<Parts>, needed = 3, have = 1): Evidence {
  const whole = {
    request: { reference: "ghcr.io/a/b:1", platform: null, osVersion: null, bottle: null },
    policy: { days: needed },
    days: [day("2026-03-01")],
    finishedAt: "2026-03-01T23:59:00.000Z",
    reason: { kind: "days", root: digest("a"), have, needed },
    ...part,
  };
  return whole as unknown as Evidence;
}

describe("the grid of days", () => {
  test("has a row for each day, in the order of the workers, and says what counts", () => {
    const looks = [
      { worker: "sgp", digest: digest("f") },
      { worker: "here", digest: digest("a") },
    ];
    const rows = dayRows(
      evidence({
        days: [
          day("2026-02-27", { outcome: "disagreed", digest: null, counts: false, looks }),
          day("2026-02-28", { counts: false }),
          day("2026-03-01"),
        ],
      }),
      ["here", "fra", "sgp"],
    );
    expect(rows.map(({ day: name, note, counts }) => [name, note, counts])).toEqual([
      ["2026-02-27", "disagreed", false],
      ["2026-02-28", "does not count", false],
      ["2026-03-01", "counts", true],
    ]);
    expect(rows[0]?.digests).toEqual([digest("a"), null, digest("f")]);
  });

  test("is not shown where one day is enough, and shows the last days only", () => {
    expect(dayRows(evidence({}, 1), ["here"])).toEqual([]);
    const many = Array.from({ length: 40 }, (_, at) => day(`day ${at}`));
    expect(dayRows(evidence({ days: many }), ["here"]).map((row) => row.day)).toEqual(
      many.slice(-14).map((each) => each.day),
    );
  });

  test("shows nothing of a ledger that a terminal would obey", () => {
    const rows = dayRows(evidence({ days: [day("\u001b[2J", { outcome: "\u202e", counts: false })] }), ["here"]);
    expect(JSON.stringify(rows)).not.toMatch(/\\u001b|\u202e/);
  });
});

describe("when to come back", () => {
  test("is tomorrow where one day is missing", () => {
    expect(comeBack(evidence({}, 2))[0]).toContain("on 2026-03-02 (UTC)");
  });

  test("is every day until enough", () => {
    expect(comeBack(evidence({}, 4))[0]).toContain("on 2026-03-02, and on every day until 2026-03-04");
  });

  test("crosses the end of a year", () => {
    const late = evidence({ finishedAt: "2026-12-31T01:00:00.000Z", days: [day("2026-12-31")] }, 3);
    expect(comeBack(late)[0]).toContain("on 2027-01-01, and on every day until 2027-01-02");
  });

  test("says first that today does not count", () => {
    const lines = comeBack(evidence({ days: [day("2026-03-01", { counts: false })] }, 2, 0));
    expect(lines[0]).toContain("today does not count");
    expect(lines[1]).toContain("until 2026-03-03");
  });

  test("comes with a line for cron, and one for a workflow, that ask the same", () => {
    const request = { reference: "ghcr.io/a/b:1", platform: "darwin/amd64", osVersion: "macOS 11", bottle: null };
    const text = comeBack(evidence({ request })).join("\n");
    expect(text).toContain(
      "with cron, and your other flags: 17 7 * * * tofu3 verify ghcr.io/a/b:1 --platform darwin/amd64 --os-version 'macOS 11' --days 3",
    );
    expect(text).toContain("schedule:");
  });

  test("quotes what a shell would read, as one word", () => {
    const hostile = `a'; touch /tmp/owned #$(x)\``;
    const request = { reference: "ghcr.io/a/b:1", platform: null, osVersion: hostile, bottle: null };
    const line = comeBack(evidence({ request })).find((each) => each.startsWith("with cron")) ?? "";
    const command = line.slice(line.indexOf("tofu3")).replace("tofu3", "printf '%s\\n'");
    expect(execFileSync("sh", ["-c", command], { encoding: "utf8" }).split("\n")).toContain(hostile);
  });

  test("is not said where no day is missing", () => {
    expect(comeBack(evidence({ reason: null }))).toEqual([]);
    expect(comeBack(evidence({ reason: { kind: "difference" } }))).toEqual([]);
  });
});
