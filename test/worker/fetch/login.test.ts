import { expect, test } from "vitest";
import { fakeTransport, type Reply, type Routes } from "../faketransport.ts";
import { BASE, look } from "../fixtures.ts";

const REALM = "https://auth.example/token?service=s&scope=repository%3Aa%2Fb%3Apull";
const basic: Reply = { status: 401, headers: { "www-authenticate": 'Basic realm="x"' } };
const bearer: Reply = {
  status: 401,
  headers: { "www-authenticate": 'Bearer realm="https://auth.example/token",service="s"' },
};

test.each<{ what: string; routes: Routes }>([
  { what: "a password", routes: { [`${BASE}/manifests/1`]: basic } },
  { what: "a token that nobody gets", routes: { [`${BASE}/manifests/1`]: bearer, [REALM]: { status: 401 } } },
  { what: "another token", routes: { [`${BASE}/manifests/1`]: bearer, [REALM]: { body: '{"token":"t"}' } } },
])("asked for $what, a VM is told of forwardCredentials and this machine of docker login", async ({ routes }) => {
  const vm = await look(fakeTransport(routes), { vantage: { name: "fra", via: "ssh" } });
  expect(vm.error).toMatchObject({
    code: "E_AUTH",
    hint: expect.stringContaining('forwardCredentials: true at worker "fra"') as unknown,
  });
  const here = await look(fakeTransport(routes), { vantage: { credentials: () => Promise.resolve(null) } });
  expect(here.error?.hint).toContain("docker login registry.example");
});
