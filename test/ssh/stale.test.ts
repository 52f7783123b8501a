import { afterEach, expect, test, vi } from "vitest";
import { startSshd } from "../lab/sshd.ts";
import { useLab } from "../lab/uselab.ts";
import { never } from "../http/rawserver.ts";
import { sshLinkTo, targetOf } from "./sshlab.ts";

const lab = useLab();
afterEach(() => void vi.restoreAllMocks());

test.each([
  { seconds: 0, reaches: false },
  { seconds: 11, reaches: true },
])(
  "a job that begins $seconds s after the failure of `warm` tries for itself: $reaches",
  async ({ seconds, reaches }) => {
    const gone = await lab(startSshd());
    await gone.kill9();
    const link = sshLinkTo(targetOf(gone));
    await link.warm();
    await lab(startSshd({ port: gone.port, hostKeyFiles: gone.hostKeyFiles, letIn: gone.identityFile }));
    const later = performance.now() + seconds * 1000;
    vi.spyOn(performance, "now").mockReturnValue(later);
    const job = link.begin("registry.example");
    const opened = job.open(never).then(
      () => true,
      () => false,
    );
    expect(await opened).toBe(reaches);
    vi.restoreAllMocks();
    await job.end();
    await link.close();
  },
);
