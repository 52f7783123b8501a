import { Tofu3Error, visible } from "../../../errors.ts";
import type { Flag } from "../command.ts";
import { text, type Flags } from "../values.ts";

const MOST_DAYS = 365;

export const DAYS_FLAG: Flag = { name: "days", value: "N", text: "agree on N distinct UTC days, as policy.days" };

/** Null unless given. Throws E_USAGE. */
export function daysOf(flags: Flags): number | null {
  const given = text(flags, "days");
  if (given === null || (/^[1-9][0-9]{0,2}$/.test(given) && Number(given) <= MOST_DAYS))
    return given === null ? null : Number(given);
  throw new Tofu3Error("E_USAGE", `not a number of days: ${JSON.stringify(visible(given, 100))}`, {
    hint: `give a whole number from 1 to ${MOST_DAYS}: --days 3`,
  });
}
