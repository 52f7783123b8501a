import { expect, test } from "vitest";
import { wantsColor } from "../../src/cli/color.ts";

test.each([
  { terminal: true, env: { TERM: "xterm" }, flag: true, color: true },
  { terminal: true, env: {}, flag: true, color: true },
  { terminal: false, env: { TERM: "xterm" }, flag: true, color: false },
  { terminal: true, env: { TERM: "dumb" }, flag: true, color: false },
  { terminal: true, env: { NO_COLOR: "1" }, flag: true, color: false },
  { terminal: true, env: { NO_COLOR: "0" }, flag: true, color: false },
  { terminal: true, env: { NO_COLOR: "" }, flag: true, color: true },
  { terminal: true, env: { CLICOLOR: "0" }, flag: true, color: false },
  { terminal: false, env: { FORCE_COLOR: "1" }, flag: true, color: true },
  { terminal: false, env: { FORCE_COLOR: "" }, flag: true, color: true },
  { terminal: true, env: { FORCE_COLOR: "0" }, flag: true, color: false },
  { terminal: false, env: { CLICOLOR_FORCE: "1" }, flag: true, color: true },
  { terminal: false, env: { CLICOLOR_FORCE: "0" }, flag: true, color: false },
  { terminal: true, env: { NO_COLOR: "1", FORCE_COLOR: "1" }, flag: true, color: false },
  { terminal: true, env: { FORCE_COLOR: "1" }, flag: false, color: false },
])("terminal $terminal, $env, --no-color absent $flag: colour $color", ({ terminal, env, flag, color }) => {
  expect(wantsColor({ write: () => true, isTTY: terminal }, env, flag)).toBe(color);
});
