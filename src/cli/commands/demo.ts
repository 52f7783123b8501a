import { parseConfig } from "../../config/config.ts";
import { startDemo } from "../../demo/demo.ts";
import { subjectOf } from "../../model/subject.ts";
import { parseReference } from "../../oci/reference.ts";
import { exitOf } from "../exit.ts";
import type { DemoArguments } from "../argv/commands/demo.ts";
import type { Settings } from "../argv/settings.ts";
import type { Io } from "../io.ts";
import { runVerification, tellEvidence } from "../verification.ts";

/** Returns the exit code of `verify` on an embedded registry and two embedded VMs; suggests next steps on stderr. */
export async function demoCommand(
  wanted: DemoArguments,
  settings: Settings,
  io: Io,
  signal: AbortSignal,
): Promise<number> {
  const say = (text: string): void => {
    if (!settings.quiet) io.stderr.write(text);
  };
  say("tofu3: starting a registry and two SSH servers on loopback; nothing leaves this machine\n");
  const demo = await startDemo({ tamper: wanted.tamper }, signal);
  try {
    if (demo.tampered !== null) say(`tofu3: ${demo.tampered} is lied to on its way to the registry\n`);
    const config = parseConfig(demo.yaml, { file: "tofu3 demo", home: io.home });
    const subject = subjectOf(parseReference(demo.reference));
    const request = {
      reference: demo.reference,
      subject,
      platform: null,
      osVersion: null,
      bottle: null,
      destination: null,
      force: false,
      days: null,
      keepEvidence: null,
      remember: false,
    };
    const evidence = await runVerification(request, config, settings, io, signal);
    await tellEvidence(evidence, subject, { settings, again: null }, io);
    say(endingOf(wanted.tamper, io.env));
    return exitOf(evidence.outcome);
  } finally {
    await demo.stop();
  }
}

/** What to type next, as it works for whoever started this with npm and has no tofu3 on the PATH. */
function endingOf(tampered: boolean, { npm_command: npm }: Io["env"]): string {
  const isScript = npm === "run-script" || npm === "run";
  const ending = (tampered ? TAMPERED : NEXT)(isScript ? "npx tofu3" : "tofu3");
  if (isScript) return `${ending}npm install -g . gives you the command tofu3 everywhere.\n`;
  return npm === "exec"
    ? `${ending}tofu3 is not installed yet: docs/install.md, or start it as you started this.\n`
    : ending;
}

const NEXT = (tofu3: string): string => `
To do this with two VMs of your own, each of which needs sshd, sh, curl and one of openssl, sha256sum or shasum:
    ${tofu3} workers setup HOST --apply    # makes an account for tofu3 alone; without --apply it prints how
    ${tofu3} init                          # asks, shows host keys to compare, writes tofu3.yaml
    ${tofu3} verify alpine:3.20 --platform linux/amd64 -o oci:alpine
And to see what an attack looks like:
    ${tofu3} demo --tamper
`;

const TAMPERED = (tofu3: string): string => `
That is what an attack on one path to the registry looks like: nothing is released, and the exit code is 10.
${tofu3} demo, without --tamper, says how to go on with VMs of your own.
`;
