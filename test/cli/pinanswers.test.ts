import { describe, expect, test } from "vitest";
import { answersOf } from "../../src/cli/pins.ts";
import type { Answer, Examination } from "../../src/model/audit.ts";
import { subjectsOf } from "../../src/pins/findings/subjects.ts";
import { parseReference } from "../../src/oci/reference.ts";
import { agreed, answer, manifest } from "../pins/findings/made.ts";

const SPLIT = answer("disagreed");
const FINE = agreed(manifest("a"));
const NONE = new Map<string, Answer>();

function made(changes: Partial<Examination>): Examination {
  const reference = parseReference("r.example/a:1");
  return { reference, tag: FINE, pin: null, claims: NONE, blobs: new Map(), notAsked: null, ...changes };
}

describe("the exit code of a reference", () => {
  test.each<[string, Partial<Examination>, readonly number[]]>([
    ["that is agreed", {}, [0]],
    ["that is agreed, and whose pin is gone", { pin: answer("absent") }, [0]],
    ["with an alarm", { tag: SPLIT }, [10]],
    ["with an alarm at its pin", { pin: SPLIT }, [0, 10]],
    ["with an alarm at the tag of its comment", { claims: new Map([["2", SPLIT]]) }, [0, 10]],
    ["of which one half was not asked", { notAsked: "no more" }, [12]],
    ["with an alarm, before its registry allows no more", { tag: SPLIT, notAsked: "no more" }, [10, 12]],
    ["the same at its pin", { tag: null, pin: SPLIT, notAsked: "no more" }, [10, 12]],
  ])("%s", (_, changes, codes) => {
    expect(answersOf(made(changes)).map(({ code }) => code)).toEqual(codes);
  });
});

test("an alarm is not hidden by a question that was not asked", () => {
  const subjects = subjectsOf(new Map([["a", made({ tag: SPLIT, notAsked: "no more" })]]));
  expect(subjects).toMatchObject([{ outcome: "disagreed", summary: SPLIT.summary }]);
});
