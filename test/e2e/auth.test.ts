import { readdirSync, readFileSync, type Dirent } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import type { LabWorker } from "../lab/config.ts";
import { blobAnswer } from "../lab/liar-shelf.ts";
import { startLiar, type Answer, type LiarRequest } from "../lab/liar.ts";
import { processesWith } from "../lab/proc.ts";
import { pushImage } from "../lab/push.ts";
import { startRegistry, type Registry, type RegistryOptions } from "../lab/registry.ts";
import { useLab } from "../lab/uselab.ts";
import { breaches } from "./contract.ts";
import { openShelf, type Place, type Shelf } from "./shelf.ts";
import { SHORT, startStage, startVm, writeAuthFile, type Ask, type Stage, type Vm } from "./stage.ts";

const lab = useLab();
const ANN = { user: "ann", password: "s3cret:with/odd+characters" };
const SECRETS = [ANN.password, Buffer.from(`${ANN.user}:${ANN.password}`).toString("base64"), "eyJ"];
let stage: Stage;

beforeAll(async () => {
  stage = await lab(startStage());
});

function forwarding(...names: readonly string[]): LabWorker[] {
  return [
    { name: "fra", vm: stage.fra, forwardCredentials: names.includes("fra") },
    { name: "sgp", vm: stage.sgp, forwardCredentials: names.includes("sgp") },
  ];
}

async function stocked(options: RegistryOptions): Promise<{ registry: Registry; reference: string }> {
  const registry = await lab(startRegistry(options));
  await pushImage(registry, { name: "private/app", tag: "v1", layers: [20_000, 300] });
  return { registry, reference: `${registry.host}/private/app:v1` };
}

/** With a DOCKER_CONFIG that knows the password for that host. */
async function knowing(host: string, ask: Ask, password = ANN.password): Promise<Ask> {
  const folder = await stage.room();
  await writeAuthFile(folder, host, ANN.user, password);
  return { ...ask, limits: SHORT, env: { DOCKER_CONFIG: folder } };
}

/** The log of everything that can be logged, the JSON object and whatever else is printed. */
const LOUD = ["--log-level", "trace", "--log-format", "json"];

function quietAbout(secrets: readonly string[], text: string): void {
  for (const secret of secrets) expect(text.includes(secret), "a secret was printed").toBe(false);
}

describe.each([
  { what: "a password", options: { htpasswd: ANN } },
  { what: "tokens", options: { token: { users: [ANN] } } },
  { what: "tokens over https", options: { tls: true, token: { users: [ANN], member: "access_token" as const } } },
])("a registry that asks for $what", ({ options }) => {
  let registry: Registry;
  let reference: string;
  beforeAll(async () => ({ registry, reference } = await stocked(options)));

  test("serves those whom the credentials were forwarded to, and they are printed nowhere", async () => {
    const config = { workers: forwarding("fra", "sgp"), registries: [registry] };
    const before = registry.tokenServer?.requests.length ?? 0;
    const seen = await stage.verify(reference, await knowing(registry.host, { config, flags: LOUD }));
    expect(seen.code, seen.stderr).toBe(0);
    expect(breaches(seen.stdout)).toEqual([]);
    expect(seen.stderr).toMatch(/"msg":"fra: \w/);
    quietAbout(SECRETS, seen.stdout + seen.stderr);
    const asked = registry.tokenServer?.requests.slice(before) ?? [];
    expect(asked.map((each) => [each.user, each.granted])).toEqual(asked.map(() => [ANN.user, true]));
    if (registry.tokenServer !== null) expect(asked).toHaveLength(3);
  });

  test("refuses the others: incomplete, and it is said how to let them", async () => {
    const config = { workers: forwarding("sgp"), registries: [registry] };
    const seen = await stage.verify(reference, await knowing(registry.host, { config, flags: LOUD }));
    expect(seen.code, seen.stderr).toBe(12);
    expect(seen.evidence.observations.map((each) => [each.worker, each.outcome])).toEqual([
      ["fra", "refused"],
      ["here", "saw"],
      ["sgp", "saw"],
    ]);
    const [fra] = seen.evidence.observations;
    expect(fra?.error).toMatchObject({ code: "E_AUTH", stage: "auth" });
    expect(fra?.error?.hint).toMatch(/forwardCredentials: true/);
    expect(seen.evidence.summary).toContain("fra did not finish");
    quietAbout(SECRETS, seen.stdout + seen.stderr);
  });
});

test("a wrong password: nobody sees anything, and it is not printed either", async () => {
  const { registry, reference } = await stocked({ htpasswd: ANN });
  const config = { workers: forwarding("fra", "sgp"), registries: [registry] };
  const seen = await stage.verify(reference, await knowing(registry.host, { config, flags: LOUD }, "wr0ng-passw0rd"));
  expect(seen.code).toBe(12);
  for (const { error } of seen.evidence.observations) {
    expect(error).toMatchObject({ code: "E_AUTH", hint: expect.stringContaining("docker login") as unknown });
  }
  quietAbout(["wr0ng-passw0rd"], seen.stdout + seen.stderr);
});

test("tokens for anybody: each worker gets one of its own, without any credentials", async () => {
  const { registry, reference } = await stocked({ token: { users: [ANN], anonymous: true } });
  const before = registry.tokenServer?.requests.length ?? 0;
  const seen = await stage.verify(reference);
  expect(seen.code, seen.stderr).toBe(0);
  const asked = registry.tokenServer?.requests.slice(before) ?? [];
  expect(asked.map((each) => [each.user, each.method, each.parameters.get("scope")])).toEqual(
    Array(3).fill([null, "GET", "repository:private/app:pull"]),
  );
});

test("an identity token is traded by POST, at every worker that may have it", async () => {
  const identityToken = "refresh-me-but-do-not-print-me";
  const { registry, reference } = await stocked({ token: { users: [ANN], identityToken } });
  const folder = await stage.room();
  const auths = { [registry.host]: { auth: Buffer.from("<token>:").toString("base64"), identitytoken: identityToken } };
  await writeFile(join(folder, "auth.json"), JSON.stringify({ auths }));
  const before = registry.tokenServer?.requests.length ?? 0;
  const ask = {
    config: { workers: forwarding("fra", "sgp") },
    flags: [...LOUD, "--authfile", join(folder, "auth.json")],
  };
  const seen = await stage.verify(reference, ask);
  expect(seen.code, seen.stderr).toBe(0);
  expect(registry.tokenServer?.requests.slice(before).map((each) => [each.method, each.granted])).toEqual(
    Array(3).fill(["POST", true]),
  );
  quietAbout([identityToken, "eyJ"], seen.stdout + seen.stderr);
});

/** A shelf behind Basic authentication; counts who came without. */
function locked(
  shelf: Shelf,
  answers: Readonly<
    Record<Place, (request: LiarRequest) => ReturnType<Extract<Answer, (request: LiarRequest) => unknown>>>
  >,
): void {
  const wanted = `Basic ${Buffer.from(`${ANN.user}:${ANN.password}`).toString("base64")}`;
  for (const [place, answer] of Object.entries(answers) as [Place, (typeof answers)[Place]][]) {
    shelf.answer("all", place, (request) =>
      request.headers["authorization"] === wanted
        ? answer(request)
        : { status: 401, headers: { "WWW-Authenticate": 'Basic realm="lab"' } },
    );
  }
}

test("a redirect to another host does not take the password along", async () => {
  const liar = await lab(startLiar({ vantages: ["fra", "sgp"] }));
  const store = await lab(startLiar());
  const shelf = openShelf(liar);
  const { root, image, layer } = shelf;
  locked(shelf, {
    root: () => ({ headers: { "Content-Type": root.mediaType }, body: root.bytes }),
    manifest: () => ({ headers: { "Content-Type": image.manifest.mediaType }, body: image.manifest.bytes }),
    blob: () => ({ status: 307, headers: { Location: `${store.url}/signed?signature=xyz` } }),
  });
  // the VMs' proxies are the registry's; the store is the same behind them
  liar.answer(`${store.url}/signed`, blobAnswer(layer.bytes));
  store.answer("/signed", blobAnswer(layer.bytes));
  const workers = forwarding("fra", "sgp").map((each) => ({ ...each, proxy: liar.proxyOf(each.name) }));
  const seen = await stage.verify(shelf.reference, await knowing(liar.host, { config: { workers }, flags: LOUD }));
  expect(seen.code, seen.stderr).toBe(0);
  const signed = [...store.requests, ...liar.requests].filter((each) => each.target.startsWith("/signed"));
  expect(signed.map((each) => each.vantage).sort()).toEqual(["fra", "here", "sgp"]);
  expect(signed.filter((each) => each.headers["authorization"] !== undefined)).toEqual([]);
  for (const { evidence } of seen.evidence.observations) {
    expect(evidence.redirects).toEqual([
      { from: liar.url + shelf.path("blob"), to: `${store.url}/signed`, status: 307 },
    ]);
  }
  quietAbout([...SECRETS, "signature=xyz"], seen.stdout + seen.stderr);
});

/** Everything below a folder; nothing when a part of it goes away meanwhile, the next look is a moment later. */
function entriesOf(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { recursive: true, withFileTypes: true });
  } catch {
    return [];
  }
}

describe("on the VM", () => {
  interface Looked {
    readonly commands: Set<string>;
    readonly files: Set<string>;
  }

  /**
   * Everything that another user of the VM could see in the meantime, or that stays behind: argv, environment, files.
   */
  function look(marker: string, vm: Vm, looked: Looked): void {
    for (const pid of processesWith("TOFU3_LAB_TEST", marker)) {
      for (const what of ["cmdline", "environ"]) {
        try {
          looked.commands.add(readFileSync(`/proc/${pid}/${what}`, "latin1").replaceAll("\0", " "));
        } catch {
          // it ended meanwhile
        }
      }
    }
    for (const entry of entriesOf(vm.tmp)) {
      if (!entry.isFile()) continue;
      try {
        looked.files.add(readFileSync(join(entry.parentPath, entry.name), "latin1"));
      } catch {
        // it is gone meanwhile
      }
    }
  }

  test("neither the arguments of a process nor its environment nor a file ever has the password", async () => {
    const marker = "secrets";
    const vm = await lab(startVm({ env: { TOFU3_LAB_TEST: marker } }));
    const liar = await lab(startLiar({ vantages: ["fra", "sgp"] }));
    const shelf = openShelf(liar);
    const { root, image, layer } = shelf;
    const honest = blobAnswer(layer.bytes);
    locked(shelf, {
      root: () => ({ headers: { "Content-Type": root.mediaType }, body: root.bytes, delayMs: 300 }),
      manifest: () => ({
        headers: { "Content-Type": image.manifest.mediaType },
        body: image.manifest.bytes,
        delayMs: 300,
      }),
      blob: (request) => ({ ...honest(request), drip: { bytes: 4000, everyMs: 100 } }),
    });
    const workers = [
      { name: "fra", vm, forwardCredentials: true, proxy: liar.proxyOf("fra") },
      { name: "sgp", vm: stage.sgp, forwardCredentials: true, proxy: liar.proxyOf("sgp") },
    ];
    const looked: Looked = { commands: new Set(), files: new Set() };
    const timer = setInterval(() => look(marker, vm, looked), 15);
    const seen = await stage.verify(shelf.reference, await knowing(liar.host, { config: { workers } }));
    clearInterval(timer);
    expect(seen.code, seen.stderr).toBe(0);
    expect([...looked.commands].some((each) => /\bcurl -q -K -/.test(each))).toBe(true);
    expect([...looked.files].some((each) => each.includes("HTTP/1.1 200"))).toBe(true);
    quietAbout(SECRETS, [...looked.commands, ...looked.files].join("\n"));
    quietAbout(SECRETS, vm.log());
  });
});
