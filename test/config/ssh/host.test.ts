import { access } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parseJumps } from "../../../src/config/ssh/host.ts";
import { thrownBy } from "../folder.ts";
import { resolved } from "./resolved.ts";

test("without ~/.ssh/config: the host itself, port 22, the local user, the usual keys", async () => {
  const { home, host } = await resolved({});
  expect(host).toEqual({
    host: "fra",
    port: 22,
    user: "kim",
    identityFiles: ["id_ed25519", "id_ecdsa", "id_rsa"].map((file) => ({
      file: join(home, ".ssh", file),
      named: false,
    })),
    identityAgent: null,
    identitiesOnly: false,
    proxyJump: null,
    userKnownHostsFiles: [join(home, ".ssh/known_hosts"), join(home, ".ssh/known_hosts2")],
    hostKeyAlias: null,
  });
});

test("every setting of a host is taken, tokens and ~ expanded", async () => {
  const config = `
Host fra
  HostName %h.Example.ORG
  Port 2222
  User tofu
  IdentityFile ~/.ssh/%h_%r_%p
  IdentityFile "%d/with space"
  IdentityFile ~/.ssh/%n-%u-100%%
  IdentityAgent ~/agent.sock
  IdentitiesOnly yes
  ProxyJump kim@bastion:2200,second
  UserKnownHostsFile ~/.ssh/known_%k "/etc/my hosts"
  HostKeyAlias frankfurt
`;
  const { home, host } = await resolved({ config, env: { SSH_AUTH_SOCK: "/run/agent" } });
  expect(host).toEqual({
    host: "fra.example.org",
    port: 2222,
    user: "tofu",
    identityFiles: [".ssh/fra.example.org_tofu_2222", "with space", ".ssh/fra-kim-100%"].map((file) => ({
      file: join(home, file),
      named: false,
    })),
    identityAgent: join(home, "agent.sock"),
    identitiesOnly: true,
    proxyJump: "kim@bastion:2200,second",
    userKnownHostsFiles: [join(home, ".ssh/known_frankfurt"), "/etc/my hosts"],
    hostKeyAlias: "frankfurt",
  });
});

test("tofu3.yaml beats ~/.ssh/config, also in what Match sees", async () => {
  const config = "Host fra\n  User other\n  Port 1\n  IdentityFile ~/.ssh/other\nMatch user tofu\n  HostName by-user\n";
  const { host } = await resolved({ config, wishes: { user: "tofu", port: 2222, identityFile: "/keys/id" } });
  expect(host).toMatchObject({
    user: "tofu",
    port: 2222,
    host: "by-user",
    identityFiles: [{ file: "/keys/id", named: true }],
  });
});

test("Match exec is never run and never matches, negated or not", async () => {
  const config =
    'Match exec "touch ~/EXECUTED; touch EXECUTED"\n  User one\nMatch !exec "touch EXECUTED"\n  User two\nMatch host fra exec "touch EXECUTED"\n  User three\n';
  const { home, host } = await resolved({ config });
  expect(host.user).toBe("kim");
  for (const file of [join(home, "EXECUTED"), "EXECUTED"]) await expect(access(file)).rejects.toThrow();
});

test("CanonicalizeHostname asks no name server", async () => {
  const config = "Host fra\n  CanonicalizeHostname yes\n  CanonicalDomains example.org example.net\n";
  expect((await resolved({ config })).host.host).toBe("fra");
});

describe("Include", () => {
  test.each([
    {
      why: "relative to ~/.ssh",
      config: "Include more\n",
      files: { ".ssh/more": "Host fra\n  User in\n" },
      user: "in",
    },
    { why: "from ~/", config: "Include ~/more\n", files: { more: "User in\n" }, user: "in" },
    {
      why: "a pattern, in order of names",
      config: "Include conf.d/*\n",
      files: { ".ssh/conf.d/b": "User b\n", ".ssh/conf.d/a": "User a\n" },
      user: "a",
    },
    {
      why: "a pattern for a folder",
      config: "Include */config\n",
      files: { ".ssh/one/config": "User one\n" },
      user: "one",
    },
    {
      why: "a pattern passes over hidden files",
      config: "Include conf.d/*\n",
      files: { ".ssh/conf.d/.a": "User hidden\n" },
      user: "kim",
    },
    { why: "two files", config: "Include a b\n", files: { ".ssh/a": "Port 1\n", ".ssh/b": "User b\n" }, user: "b" },
    {
      why: "below a Host that matches",
      config: "Host fra\n  Include more\n",
      files: { ".ssh/more": "User in\n" },
      user: "in",
    },
    {
      why: "below a Host that does not match",
      config: "Host sgp\n  Include more\n",
      files: { ".ssh/more": "User in\nHost fra\n  User deep\n" },
      user: "kim",
    },
    {
      why: "what follows it is not part of its last Host",
      config: "Include more\nUser after\n",
      files: { ".ssh/more": "Host sgp\n  Port 1\n" },
      user: "after",
    },
    {
      why: "the first value counts",
      config: "User before\nInclude more\n",
      files: { ".ssh/more": "User in\n" },
      user: "before",
    },
    { why: "a missing file says nothing", config: "Include more no/*\nUser after\n", files: {}, user: "after" },
  ])("$why", async ({ config, files, user }) => {
    expect((await resolved({ config, files })).host.user).toBe(user);
  });

  test("a file that includes itself is refused", async () => {
    expect(await thrownBy(resolved({ config: "Include config\n" }))).toMatchObject({
      code: "E_CONFIG",
      message: expect.stringMatching(/more than 16 Include deep$/) as string,
    });
  });
});

describe("the agent", () => {
  test.each([
    { config: "", env: { SSH_AUTH_SOCK: "/run/agent" }, is: "/run/agent" },
    { config: "", env: { SSH_AUTH_SOCK: "" }, is: null },
    { config: "IdentityAgent none\n", env: { SSH_AUTH_SOCK: "/run/agent" }, is: null },
    { config: "IdentityAgent SSH_AUTH_SOCK\n", env: { SSH_AUTH_SOCK: "/run/agent" }, is: "/run/agent" },
    { config: "IdentityAgent $OTHER\n", env: { SSH_AUTH_SOCK: "/run/agent", OTHER: "/run/other" }, is: "/run/other" },
    { config: "IdentityAgent /run/${WHO}.sock\n", env: { WHO: "kim" }, is: "/run/kim.sock" },
  ])("$config $env: $is", async ({ config, env, is }) => {
    expect((await resolved({ config, env })).host.identityAgent).toBe(is);
  });
});

describe("none is none", () => {
  test.each([
    { config: "IdentityFile none\n", is: { identityFiles: [] } },
    { config: "UserKnownHostsFile none\n", is: { userKnownHostsFiles: [] } },
    { config: "ProxyJump none\nProxyCommand nc %h %p\n", is: { proxyJump: null } },
    { config: "ProxyCommand none\nProxyJump bastion\n", is: { proxyJump: null } },
    { config: "HostName [2001:DB8::1]\n", is: { host: "2001:db8::1" } },
  ])("$config", async ({ config, is }) => {
    expect((await resolved({ config })).host).toMatchObject(is);
  });
});

describe("what would be another way than the one asked for is refused", () => {
  test.each([
    { config: "ProxyCommand nc %h %p\n", says: /says for "fra": ProxyCommand is not supported$/ },
    { config: "ProxyCommand=nc %h %p\nProxyJump bastion\n", says: /ProxyCommand is not supported$/ },
    { config: "Port ssh\n", says: /Port "ssh" is not a number from 1 to 65535$/ },
    { config: "Port 65536\n", says: /Port "65536" is not a number from 1 to 65535$/ },
    { config: "HostName %C\n", says: /it has the token "%C", which is not expanded here$/ },
    { config: "IdentityFile ~/.ssh/${NOBODY}\n", says: /it has \$\{NOBODY\}, which is not set$/ },
    { config: 'User "open\n', says: /^cannot read the SSH configuration ".*\/\.ssh\/config": Unexpected line break/ },
    { config: "Port 1\nUser\nHostName x\n", says: /^cannot read the SSH configuration ".*": no value in line 2$/ },
  ])("$config", async ({ config, says }) => {
    expect(await thrownBy(resolved({ config }))).toMatchObject({
      code: "E_CONFIG",
      message: expect.stringMatching(says) as string,
    });
  });
});

describe("ProxyJump", () => {
  test.each([
    { text: "bastion", is: [{ user: null, host: "bastion", port: null }] },
    {
      text: "kim@bastion:2200,[2001:db8::1]:22",
      is: [
        { user: "kim", host: "bastion", port: 2200 },
        { user: null, host: "2001:db8::1", port: 22 },
      ],
    },
    { text: "ssh://kim@bastion:2200", is: [{ user: "kim", host: "bastion", port: 2200 }] },
  ])("$text", ({ text, is }) => {
    expect(parseJumps(text)).toEqual(is);
  });
  test.each(["", "a,,b", "a:0", "a:65536", "a b", "@a", "[::g]", "::1", "http://a"])("refuses %j", (text) => {
    expect(() => parseJumps(text)).toThrow(/^not a ProxyJump/);
  });
});
