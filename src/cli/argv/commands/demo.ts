import { BROKEN, exit, INTERRUPTED, type Command } from "../command.ts";
import { isOn } from "../values.ts";

export interface DemoArguments {
  readonly command: "demo";
  readonly tamper: boolean;
}

export const DEMO: Command<DemoArguments> = {
  name: "demo",
  positionals: [],
  summary: "the whole thing on an embedded registry and two embedded VMs, offline",
  description: [
    "Starts a registry and two SSH servers on loopback, runs the same code as verify on them with the",
    "real sh and curl, and says how to go on with VMs of your own.",
  ],
  flags: [{ name: "tamper", text: "one of the VMs is shown other bytes: see a disagreement, exit code 10" }],
  examples: [
    ["tofu3 demo", "three workers agree"],
    ["tofu3 demo --tamper", "one of them is lied to"],
  ],
  exits: [
    exit(0, "all workers saw the same bytes"),
    BROKEN,
    exit(2, "usage is wrong"),
    exit(10, "two workers saw different bytes, as --tamper makes them"),
    exit(12, "some worker has no valid observation: curl may be missing"),
    INTERRUPTED,
  ],
  read: (_words, flags) => ({ command: "demo", tamper: isOn(flags, "tamper") }),
};
