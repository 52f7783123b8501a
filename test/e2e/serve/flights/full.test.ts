import { closeSync, openSync, rmSync, truncateSync, writeSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { answerOf, type Answer } from "../../../lab/answer.ts";
import { startGate } from "../../../lab/gate.ts";
import { relay } from "../../../lab/liar-relay.ts";
import { makeFolder, until } from "../../../lab/processes.ts";
import { startRegistry, type Registry } from "../../../lab/registry.ts";
import { startSshd, type Sshd } from "../../../lab/sshd.ts";
import { useLab } from "../../../lab/uselab.ts";
import { tmpfs } from "../../../release/tools.ts";
import { openWay, push } from "./ground.ts";

const OTHER = { body: "{}", headers: { "content-type": "application/vnd.oci.image.manifest.v1+json" } };
const PAGE = 4096;

/** Leaves so many pages of a file system. */
function fill(folder: string, pages: number): void {
  const path = join(folder, "filler");
  const file = openSync(path, "w");
  let size = 0;
  try {
    for (;;) size += writeSync(file, Buffer.alloc(PAGE));
  } catch (error) {
    expect(error).toMatchObject({ code: "ENOSPC" });
  } finally {
    closeSync(file);
  }
  truncateSync(path, Math.max(0, size - pages * PAGE));
}

describe.runIf(process.getuid?.() === 0)(
  "a disk that is full once the vantages have looked (tmpfs, needs root)",
  () => {
    const lab = useLab();
    let registry: Registry;
    let vms: readonly [Sshd, Sshd];

    beforeAll(async () => {
      [registry, ...vms] = await Promise.all([lab(startRegistry()), lab(startSshd()), lab(startSshd())]);
    });

    // what each page more lets through differs with the file system: none, the hold, the verdict, the right, the tag
    test.each([
      ["store", 0],
      ["store", 2],
      ["store", 3],
      ["store", 4],
      ["ledger", 0],
      ["ledger", 1],
    ] as const)(
      "%s with %i pages: nothing is answered that cannot be kept, an alarm is told and held, and all goes on with room",
      { timeout: 120_000 },
      async (which, pages) => {
        const disks = { store: tmpfs(8192, ",mode=0700"), ledger: tmpfs(256, ",mode=0700") };
        if (disks.store === null || disks.ledger === null) throw new Error("a tmpfs cannot be mounted here");
        const disk = disks[which] ?? "";
        const policy = { distinct: [], ledger: join(disks.ledger, "ledger.jsonl") };
        const way = await openWay((await makeFolder("full")).path, registry, vms, {}, { policy });
        const open = () =>
          startGate({ config: way.config, upstream: registry.host, store: join(disks.store ?? "", "store") });
        const name = `${which}/${pages}`;
        const good = await push(registry, `${name}/good`, [100]);
        await push(registry, `${name}/bad`, [100]);
        for (const [image, answer] of [["good", relay], ["bad", () => OTHER]] as const)
        way.liar.lie("sgp", `/v2/${name}/${image}/manifests/1`, (request) => {
          fill(disk, pages);
          return answer(request);
        }); // prettier-ignore
        let gate = await open();
        const ask = (image: string): Promise<Answer> => answerOf(gate.url, `/v2/${name}/${image}/manifests/1`);

        const first = await ask("good");
        expect([429, 503]).toContain(first.status);
        expect(first.body.toString()).toMatch(/the disk is full|has no room/);
        rmSync(join(disk, "filler"));
        for (let time = 0; time < 2; time++)
          expect(await ask("bad")).toMatchObject({
            status: 403,
            reason: expect.stringContaining("sgp saw") as unknown,
          });
        expect(gate.log()).toMatch(/ERROR: disagreed: manifest/);

        rmSync(join(disk, "filler"));
        way.liar.lie("sgp", `/v2/${name}/good/manifests/1`, relay);
        way.liar.lie("sgp", `/v2/${name}/bad/manifests/1`, relay);
        const later = await until("the gate goes on", async () => {
          const answer = await ask("good");
          return answer.status === 200 ? answer : undefined;
        });
        expect(later.body.equals(good.manifest.bytes)).toBe(true);
        expect((await ask("bad")).status).toBe(403);
        await gate.kill9();
        gate = await open();
        expect((await ask("bad")).status).toBe(403);
        await gate.stop();
        await way.stop();
      },
    );
  },
);
