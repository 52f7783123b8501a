import { describe, expect, test } from "vitest";
import { Tofu3Error } from "../../../src/errors.ts";
import { present } from "../../../src/worker/walk/presence.ts";
import { fakeTransport, type Reply, type Routes } from "../faketransport.ts";
import { BASE, jobOf, thing, vantageOf } from "../fixtures.ts";

const NEVER = new AbortController().signal;
const blob = thing("text/plain", "some bytes");
const URL_ = `${BASE}/blobs/${blob.digest}`;
const GONE: Reply = { status: 404 };

async function presenceOf(routes: Routes): Promise<{ presence: unknown; asked: string[] }> {
  const transport = fakeTransport(routes);
  const [presence] = await present(vantageOf(transport), jobOf(), [blob.digest], NEVER);
  expect(transport.calls).toEqual(["open", "end"]);
  return { presence, asked: transport.asked.map(({ method }) => method) };
}

describe("a blob", () => {
  test.each<{ what: string; routes: Routes; presence: unknown; asked: string[] }>([
    { what: "that is there", routes: { [URL_]: { body: blob.bytes } }, presence: "there", asked: ["HEAD"] },
    { what: "that lies elsewhere", routes: { [URL_]: { status: 307, headers: { location: "https://cdn.example/x" } } }, presence: "there", asked: ["HEAD"] },
    { what: "that does not exist", routes: { [URL_]: GONE }, presence: "gone", asked: ["HEAD", "GET"] },
    { what: "of a registry without HEAD", routes: { [`HEAD ${URL_}`]: { status: 405 }, [URL_]: { body: blob.bytes } }, presence: "there", asked: ["HEAD", "GET"] },
    { what: "that only GET finds", routes: { [`HEAD ${URL_}`]: GONE, [URL_]: { body: Buffer.alloc(100_000) } }, presence: "there", asked: ["HEAD", "GET"] },
    { what: "under a page", routes: { [URL_]: { headers: { "content-type": "text/html" }, body: "<html>" } }, presence: { code: "E_MISMATCH" }, asked: ["HEAD", "GET"] },
    { what: "that is denied", routes: { [URL_]: { status: 403 } }, presence: { code: "E_DENIED" }, asked: ["HEAD", "GET"] },
    { what: "of a registry that cannot be reached", routes: { [URL_]: { fault: new Tofu3Error("E_TLS", "no", { stage: "tls" }) } }, presence: { code: "E_TLS" }, asked: ["HEAD", "GET"] },
  ])("$what: $presence", async ({ routes, presence, asked }) => {
    const found = await presenceOf(routes);
    if (typeof presence === "string") expect(found.presence).toBe(presence);
    else expect(found.presence).toMatchObject(presence as object);
    expect(found.asked).toEqual(asked);
  }); // prettier-ignore

  test("is asked for once, and the answers come in the order of the questions", async () => {
    const other = thing("text/plain", "others");
    const transport = fakeTransport({ [URL_]: GONE, [`${BASE}/blobs/${other.digest}`]: {} });
    const asked = [other.digest, blob.digest, other.digest, blob.digest];
    expect(await present(vantageOf(transport), jobOf(), asked, NEVER)).toEqual(["there", "gone", "there", "gone"]);
    expect(transport.asked).toHaveLength(3);
  });

  test("where the vantage cannot be opened: a fault for each", async () => {
    const transport = {
      ...fakeTransport({}),
      open: () => Promise.reject(new Tofu3Error("E_SSH", "no", { stage: "ssh" })),
    };
    const all = await present(vantageOf(transport), jobOf(), [blob.digest, blob.digest], NEVER);
    expect(all).toMatchObject([{ code: "E_SSH" }, { code: "E_SSH" }]);
  });
});
