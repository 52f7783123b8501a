import { expect, test } from "vitest";
import { Lists, type Desk } from "../../../src/coordinator/audit/lists.ts";
import { fakeTransport, type Routes } from "../../worker/faketransport.ts";
import { jobOf, vantageOf } from "../../worker/fixtures.ts";

const desk: Desk = {
  jobOf: (subject, url) => ({ ...jobOf(), subject, url }),
  take: (_subject, work) => work(),
};
const repository = (name: string): string => `https://git.example/o/${name}`;
const urlOf = (name: string): string => `${repository(name)}/info/refs?service=git-upload-pack`;
const line = (text: string): string => (text.length + 4).toString(16).padStart(4, "0") + text;
const refs = (commit: string): string =>
  `${line("# service=git-upload-pack\n")}0000${line(`${commit} refs/tags/v1\0caps\n`)}0000`;

function listsOf(routes: Routes): { readonly lists: Lists; readonly asked: () => readonly string[] } {
  const transports = ["here", "fra", "sgp"].map((name) => ({ name, transport: fakeTransport(routes) }));
  const vantages = transports.map(({ name, transport }) => vantageOf(transport, { name }));
  const asked = (): readonly string[] => transports.flatMap(({ transport }) => transport.asked.map(({ url }) => url));
  return { lists: new Lists(vantages, desk, new AbortController().signal), asked };
}

test("a list is read once by each worker, whatever is asked of it", async () => {
  const { lists, asked } = listsOf({ [urlOf("a")]: { body: refs("1".repeat(40)) } });
  const answers = await Promise.all(["v1", "v2", "v1"].map((ref) => lists.ask({ repository: repository("a"), ref })));
  expect(answers).toMatchObject([{ outcome: "agreed" }, { outcome: "absent" }, { outcome: "agreed" }]);
  expect(asked()).toEqual([urlOf("a"), urlOf("a"), urlOf("a")]);
});

test("more than 256 MiB of lists are not read", async () => {
  const body = Buffer.alloc(30 * 1024 * 1024, "x");
  const names = ["a", "b", "c", "d"];
  const { lists, asked } = listsOf(Object.fromEntries(names.map((name) => [urlOf(name), { body }])));
  for (const name of names.slice(0, 3)) {
    expect(await lists.ask({ repository: repository(name), ref: "v1" })).toMatchObject({ outcome: "incomplete" });
  }
  expect(await lists.ask({ repository: repository("d"), ref: "v1" })).toEqual({
    closed: expect.stringContaining("no more are read") as string,
  });
  expect(asked()).not.toContain(urlOf("d"));
  expect(await lists.ask({ repository: repository("a"), ref: "v2" })).toMatchObject({ outcome: "incomplete" });
});
