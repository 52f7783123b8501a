import { describe, expect, test } from "vitest";
import { run } from "../lab/cli.ts";
import { pushImage } from "../lab/push.ts";
import { startRegistry } from "../lab/registry.ts";
import { useLab } from "../lab/uselab.ts";
import type { Exchange } from "../../src/model/progress.ts";
import { SHORT, startStage, writeAuthFile } from "./stage.ts";

const lab = useLab();
const ANN = { user: "ann", password: "s3cret:with/odd+characters" };
const SECRETS = [ANN.password, Buffer.from(`${ANN.user}:${ANN.password}`).toString("base64"), "eyJ"];
const DEBUG = ["--debug", "--log-format", "json"];

function exchangesIn(stderr: string): readonly Exchange[] {
  return stderr
    .split("\n")
    .filter((line) => line.startsWith('{"level":'))
    .flatMap((line) => (JSON.parse(line) as { readonly exchange?: Exchange }).exchange ?? []);
}

/** As the access log of the registry has it. */
function asLogged({ method, url, status }: Exchange): string {
  return `${method} ${new URL(url).pathname} ${String(status)}`;
}

describe.each([
  { what: "a password", options: { htpasswd: ANN } },
  { what: "tokens", options: { token: { users: [ANN] } } },
])("--debug, with a registry that asks for $what", ({ options }) => {
  test("has every request of the registry's access log, for each worker, and no secret", async () => {
    const stage = await lab(startStage());
    const registry = await lab(startRegistry(options));
    await pushImage(registry, { name: "private/app", tag: "v1", layers: [17 << 20, 300, 20_000] });
    const folder = await stage.room();
    await writeAuthFile(folder, registry.host, ANN.user, ANN.password);
    const before = registry.requests().length;
    const tokensBefore = registry.tokenServer?.requests.length ?? 0;
    const workers = [
      { name: "fra", vm: stage.fra, forwardCredentials: true },
      { name: "sgp", vm: stage.sgp, forwardCredentials: true },
    ];
    const seen = await stage.verify(`${registry.host}/private/app:v1`, {
      config: { workers, registries: [registry] },
      limits: SHORT,
      env: { DOCKER_CONFIG: folder },
      flags: [...DEBUG, "--progress", "json"],
    });
    expect(seen.code, seen.stderr).toBe(0);
    expect(seen.stderr).toMatch(/^\{"kind":"workers"/m);
    for (const secret of SECRETS)
      expect((seen.stdout + seen.stderr).includes(secret), "a secret was printed").toBe(false);
    const exchanges = exchangesIn(seen.stderr);
    const [atRegistry, elsewhere] = [true, false].map((is) =>
      exchanges.filter(({ url }) => (new URL(url).host === registry.host) === is),
    );
    const logged = registry
      .requests()
      .slice(before)
      .map((line) => line.replace(/\?\S*/, ""));
    expect((atRegistry ?? []).map(asLogged).sort()).toEqual(logged.sort());
    expect(elsewhere).toHaveLength((registry.tokenServer?.requests.length ?? 0) - tokensBefore);
    const of = (name: string): readonly string[] =>
      exchanges
        .filter(({ worker }) => worker === name)
        .map(asLogged)
        .sort();
    // whoever looks at a tag asks for it, and for the config and the three layers by their digests
    expect(new Set(of("here").filter((each) => each.endsWith(" 200") && each.includes("/private/app/"))).size).toBe(5);
    expect([of("fra"), of("sgp")]).toEqual([of("here"), of("here")]);
    for (const { url, ms, bytes, attempt, hop } of exchanges) {
      expect(url).not.toMatch(/[?@]/);
      expect([ms >= 0, bytes >= 0, attempt >= 1, hop]).toEqual([true, true, true, 0]);
    }
    const refused = exchanges.filter(({ status }) => status === 401);
    const again = exchanges.filter(({ url, attempt }) => attempt === 2 && refused.some((each) => each.url === url));
    expect(again.length).toBe(refused.length);
    expect(exchanges.filter(({ bytes }) => bytes > 17 << 20)).toHaveLength(3);
  });
});

test("--debug tells where a redirect leads, and which hop the next exchange is, without the query that signs it", async () => {
  const { code, stderr } = await run(["demo", ...DEBUG]);
  expect(code, stderr).toBe(0);
  const exchanges = exchangesIn(stderr);
  const redirects = exchanges.filter(({ location }) => location !== null);
  expect(redirects).toHaveLength(36);
  for (const { worker, location, status, hop } of redirects) {
    expect([status, hop]).toEqual([307, 0]);
    expect(location).not.toContain("?");
    expect(exchanges).toContainEqual(expect.objectContaining({ worker, url: location, hop: 1, status: 200 }));
  }
});

test("--debug for people: one line for an exchange, plain progress, and nothing of it without the flag", async () => {
  const { stderr } = await run(["demo", "--debug"]);
  expect(stderr).toMatch(/^\[\S+\] DEBUG: fra: GET http:\/\/127\.0\.0\.1:\d+\/v2\/\S+ 200, [\d.]+ k?B in \d+ ms$/m);
  expect(stderr).toMatch(/^\[\S+\] DEBUG: sgp: GET \S+ 307, \d+ B in \d+ ms, to http:\/\/\S+$/m);
  expect(stderr).toMatch(/^tofu3: (?:(?:here|fra|sgp)(?:, | and |: ))+resolved sha256:/m);
  expect(stderr).not.toContain('"exchange"');
  expect((await run(["demo"])).stderr).not.toContain("GET http");
});
