import { parseConfig } from "../../config/config.ts";
import { SHORTEST } from "../../config/load.ts";
import { startDemo } from "../../demo/demo.ts";
import { subjectOf } from "../../model/subject.ts";
import { parseReference } from "../../oci/reference.ts";
import { exitOf } from "../exit.ts";
import type { DemoArguments, Settings } from "../argv/invocation.ts";
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
    await tellEvidence(evidence, subject, settings, io);
    say(wanted.tamper ? TAMPERED : NEXT);
    return exitOf(evidence.outcome);
  } finally {
    await demo.stop();
  }
}

const NEXT = `
To do this with real VMs, each of which needs sshd, sh, curl and one of openssl, sha256sum or shasum, write a tofu3.yaml:

${SHORTEST}
HOST is a name, an address or an alias of ~/.ssh/config; KEY is what this prints on the VM:
    ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub

Then:
    tofu3 workers check
    tofu3 verify alpine:3.20 --platform linux/amd64 -o oci:alpine
And to see what an attack looks like:
    tofu3 demo --tamper
`;

const TAMPERED = `
That is what an attack on one path to the registry looks like: nothing is released, and the exit code is 10.
tofu3 demo, without --tamper, says what to write in tofu3.yaml for VMs of your own.
`;
