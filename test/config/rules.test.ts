import { describe, expect, test } from "vitest";
import { parseConfig, type Config } from "../../src/config/config.ts";
import { checkDistinct, checkHostKeys } from "../../src/config/rules.ts";
import { KEY_A, KEY_B, marked, mistakesOf, SOURCE, workersWith } from "./mistakes.ts";

describe("three workers that are three", () => {
  const local = "name: a, via: local";
  test.each([
    {
      why: "two",
      workers: [local, "name: b, via: ssh, host: b"],
      says: "workers: has 2 of them; must be a list of three or more workers; unanimity is the only rule",
    },
    {
      why: "a name twice",
      workers: [local, "name: b, via: ssh, host: b", "name: »B, via: ssh, host: c"],
      says: 'workers[2].name: "B" is already the name of workers[1]; each name once',
    },
    {
      why: "two local ones",
      workers: [local, "name: b, via: »local", "name: c, via: ssh, host: c"],
      says: 'workers[1].via: "a" is already the local worker; there can be one, the others need via: ssh',
    },
    {
      why: "a host twice, with and without its port",
      workers: [local, "name: b, via: ssh, host: Fra.example.", "name: c, via: ssh, host: »fra.example, port: 22"],
      says: 'workers[2].host: same host and port: the same machine as worker "b"; each worker needs a machine of its own',
    },
    {
      why: "an IPv6 address in two spellings",
      workers: [local, 'name: b, via: ssh, host: "2001:DB8:0::1"', 'name: c, via: ssh, host: »"[2001:db8::1]"'],
      says: 'workers[2].host: same host and port: the same machine as worker "b"; each worker needs a machine of its own',
    },
    {
      why: "an IPv4 address as IPv6",
      workers: [local, "name: b, via: ssh, host: 203.0.113.7", 'name: c, via: ssh, host: »"::ffff:203.0.113.7"'],
      says: 'workers[2].host: same host and port: the same machine as worker "b"; each worker needs a machine of its own',
    },
    {
      why: "a host key twice",
      workers: [
        local,
        `name: b, via: ssh, host: b, hostKey: ${KEY_A}`,
        `name: c, via: ssh, host: c, hostKey: »${KEY_A}`,
      ],
      says: 'workers[2].hostKey: same host key: the same machine as worker "b"; each worker needs a machine of its own',
    },
    {
      why: "a rule broken beside a faulty worker: both are told",
      workers: [local, "name: b, via: ssh, host: b, port: x", "name: c, via: »local"],
      says: 'workers[2].via: "a" is already the local worker; there can be one, the others need via: ssh',
    },
  ])("$why", ({ workers, says }) => {
    const { text, place } = marked(`workers: [${workers.map((worker) => `{${worker}}`).join(", ")}]`, "1:10");
    expect(mistakesOf(text)).toContain(`${place}: ${says}`);
  });

  test.each([
    {
      why: "the same host on two ports",
      second: "name: b, via: ssh, host: h, port: 2201",
      third: "name: c, via: ssh, host: h, port: 2202",
    },
    {
      why: "two host keys",
      second: `name: b, via: ssh, host: b, hostKey: ${KEY_A}`,
      third: `name: c, via: ssh, host: c, hostKey: ${KEY_B}`,
    },
  ])("allowed: $why", ({ second, third }) => {
    expect(mistakesOf(workersWith(second, third))).toEqual([]);
  });

  test("no local worker is allowed, more than three are", () => {
    const config: Config = parseConfig(
      `workers: [${["a", "b", "c", "d"].map((name) => `{name: ${name}, via: ssh, host: ${name}}`).join(",")}]`,
      SOURCE,
    );
    expect(config.workers.map((worker) => worker.via)).toEqual(["ssh", "ssh", "ssh", "ssh"]);
  });
});

describe("endpoints, once ~/.ssh/config was asked", () => {
  const b = { name: "b", host: "203.0.113.7", port: 22 };
  test("two aliases of one machine are refused", () => {
    expect(() => checkDistinct([b, { name: "c", host: "::FFFF:203.0.113.7", port: 22 }])).toThrow(
      /workers "b" and "c" are the same machine/,
    );
  });
  test.each([
    { why: "other port", other: { ...b, name: "c", port: 23 } },
    { why: "other host", other: { ...b, name: "c", host: "203.0.113.8" } },
    { why: "the same private address behind another bastion", other: { ...b, name: "c", proxyJump: "bastion" } },
  ])("allowed: $why", ({ other }) => {
    expect(() => checkDistinct([b, other])).not.toThrow();
  });
});

describe("host keys, once known_hosts was asked", () => {
  test.each([
    {
      why: "one key",
      keys: ["SHA256:a"],
      says: /workers "b" and "c" are the same machine: both have the host key SHA256:a$/,
    },
    { why: "the same several", keys: ["SHA256:a", "SHA256:b"], says: /both have the host key SHA256:a or SHA256:b$/ },
  ])("$why for two workers is refused, and both are named", ({ keys, says }) => {
    expect(() =>
      checkHostKeys([
        { name: "b", keys },
        { name: "c", keys },
      ]),
    ).toThrow(says);
  });
  test.each([
    { why: "other keys", one: ["SHA256:a"], other: ["SHA256:b"] },
    {
      why: "one key of several, which the VM may not have: what it proves decides",
      one: ["SHA256:a"],
      other: ["SHA256:a", "SHA256:b"],
    },
    { why: "none at all: the worker says so itself", one: [], other: [] },
  ])("allowed: $why", ({ one, other }) => {
    expect(() =>
      checkHostKeys([
        { name: "b", keys: one },
        { name: "c", keys: other },
      ]),
    ).not.toThrow();
  });
});
