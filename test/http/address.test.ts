import { describe, expect, test } from "vitest";
import { isLoopbackHost, isPublicAddress } from "../../src/http/address.ts";

describe("an address of the public internet", () => {
  test.each([
    "1.1.1.1",
    "8.8.8.8",
    "9.255.255.255",
    "11.0.0.0",
    "100.63.255.255",
    "100.128.0.0",
    "126.255.255.255",
    "128.0.0.1",
    "140.82.121.33",
  ])("%s is public", (address) => expect(isPublicAddress(address)).toBe(true));
  test.each([
    "172.15.255.255",
    "172.32.0.0",
    "169.253.255.255",
    "169.255.0.0",
    "192.167.255.255",
    "192.169.0.0",
    "198.17.0.1",
    "198.20.0.1",
    "223.255.255.255",
  ])("%s is public", (address) => expect(isPublicAddress(address)).toBe(true));
  test.each(["2606:4700:4700::1111", "2a00:1450:4001:830::200e", "2600::", "2001:4860:4860::8888", "2001:200::1", "2620:fe::fe"])(
    "%s is public",
    (address) => expect(isPublicAddress(address)).toBe(true),
  );
  test.each(["::ffff:8.8.8.8", "::ffff:808:808", "64:ff9b::8.8.8.8", "64:ff9b::808:808", "2002:808:808::1", "2002:0808:0808:1::"])(
    "%s carries a public one",
    (address) => expect(isPublicAddress(address)).toBe(true),
  );
});

describe("no address of the public internet", () => {
  test.each([
    { address: "0.0.0.0", what: "unspecified" },
    { address: "0.1.2.3", what: "this network" },
    { address: "10.0.0.1", what: "private" },
    { address: "10.255.255.255", what: "private" },
    { address: "100.64.0.1", what: "shared (CGNAT)" },
    { address: "100.100.100.200", what: "metadata of Alibaba" },
    { address: "127.0.0.1", what: "loopback" },
    { address: "127.255.255.254", what: "loopback" },
    { address: "168.63.129.16", what: "metadata of Azure" },
    { address: "169.254.169.254", what: "metadata" },
    { address: "172.16.0.1", what: "private" },
    { address: "172.31.255.255", what: "private" },
    { address: "192.0.0.192", what: "metadata of Oracle" },
    { address: "192.0.2.1", what: "documentation" },
    { address: "192.88.99.1", what: "relay" },
    { address: "192.168.1.1", what: "private" },
    { address: "198.18.0.1", what: "benchmarking" },
    { address: "198.51.100.7", what: "documentation" },
    { address: "203.0.113.7", what: "documentation" },
    { address: "224.0.0.1", what: "multicast" },
    { address: "239.255.255.250", what: "multicast" },
    { address: "240.0.0.1", what: "reserved" },
    { address: "255.255.255.255", what: "broadcast" },
    { address: "::", what: "unspecified" },
    { address: "::1", what: "loopback" },
    { address: "0:0:0:0:0:0:0:1", what: "loopback" },
    { address: "::127.0.0.1", what: "IPv4-compatible" },
    { address: "::8.8.8.8", what: "IPv4-compatible, which nobody routes" },
    { address: "::ffff:127.0.0.1", what: "mapped loopback" },
    { address: "::ffff:7f00:1", what: "mapped loopback" },
    { address: "::ffff:a9fe:a9fe", what: "mapped metadata" },
    { address: "0:0:0:0:0:ffff:10.0.0.1", what: "mapped private" },
    { address: "::ffff:0:10.0.0.1", what: "translated private" },
    { address: "64:ff9b::10.0.0.1", what: "NAT64 of private" },
    { address: "64:ff9b::a9fe:a9fe", what: "NAT64 of metadata" },
    { address: "64:ff9b:1::8.8.8.8", what: "local NAT64" },
    { address: "2002:7f00:1::", what: "6to4 of loopback" },
    { address: "2002:c0a8:101::1", what: "6to4 of private" },
    { address: "2001::1", what: "Teredo" },
    { address: "2001:10::1", what: "ORCHID" },
    { address: "2001:20::1", what: "ORCHIDv2" },
    { address: "2001:db8::1", what: "documentation" },
    { address: "3fff::1", what: "documentation" },
    { address: "100::1", what: "discard" },
    { address: "5f00::1", what: "segment routing" },
    { address: "fc00::1", what: "unique local" },
    { address: "fd00:ec2::254", what: "metadata of AWS" },
    { address: "fe80::1", what: "link-local" },
    { address: "fe80::1%eth0", what: "link-local with zone" },
    { address: "2606:4700:4700::1111%eth0", what: "with zone" },
    { address: "fec0::1", what: "site-local" },
    { address: "ff02::1", what: "multicast" },
    { address: "4000::1", what: "never given out" },
    { address: "example.org", what: "a name" },
    { address: "", what: "nothing" },
    { address: "8.8.8", what: "too short" },
    { address: "0x08.8.8.8", what: "hexadecimal" },
    { address: "08.8.8.8", what: "octal" },
    { address: "134744072", what: "one number" },
    { address: " 8.8.8.8", what: "with a space" },
    { address: "[2606:4700:4700::1111]", what: "in brackets" },
  ])("$address ($what) is not public", ({ address }) => expect(isPublicAddress(address)).toBe(false));
});

describe("this machine by name", () => {
  test.each([
    "localhost",
    "LocalHost",
    "localhost.",
    "registry.localhost",
    "127.0.0.1",
    "127.9.9.9",
    "::1",
    "[::1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
  ])("%s is loopback", (host) => expect(isLoopbackHost(host)).toBe(true));
  test.each([
    "localhost.example.org",
    "mylocalhost",
    "128.0.0.1",
    "0.0.0.0",
    "[::]",
    "[::2]",
    "127.example.org",
    "",
    "[fe80::1%lo]",
    "::ffff:10.0.0.1",
  ])("%s is not loopback", (host) => expect(isLoopbackHost(host)).toBe(false));
});
