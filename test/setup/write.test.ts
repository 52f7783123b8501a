import fc from "fast-check";
import { expect, test } from "vitest";
import { parseConfig } from "../../src/config/config.ts";
import { configText, workerText } from "../../src/config/write.ts";

const word = (alphabet: string, maxLength: number) =>
  fc.string({ unit: fc.constantFrom(...Array.from(alphabet)), minLength: 1, maxLength });
const LETTERS = "abnofyet0123456789._-AXN";

test("whatever name, host, user, file and proxy: what was written is what is read", () => {
  const name = fc.oneof(
    word(LETTERS, 12),
    fc.constantFrom("null", "on", "1.0", "0x1", "1e3", "~", "-", "yes", "2001-01-01"),
  );
  const worker = fc.record({
    name: name.filter((each) => each !== "~"),
    via: fc.constant("ssh" as const),
    host: fc.oneof(word("abc019", 8), fc.constantFrom("2001:db8::1", "fe80::1%eth0", "null", "1.0", "::1")),
    port: fc.integer({ min: 1, max: 65535 }),
    user: fc.oneof(word(LETTERS, 8), word("!#$%&*,:;<=>?@[]{}|'\"\\`~", 6)).filter((each) => !each.startsWith("-")),
    identityFile: fc
      .string({ unit: "binary", minLength: 1, maxLength: 12 })
      .map((each) => `/k${each.replaceAll("\0", "")}`),
    proxy: fc.constantFrom("socks5h://a:b%40@[::1]:9050", "http://x:1"),
  });
  fc.assert(
    fc.property(
      fc.uniqueArray(worker, { minLength: 2, maxLength: 4, selector: ({ name: each }) => each.toLowerCase() }),
      (found) => {
        const workers = found.map((each, index) => ({ ...each, port: 1000 + index }));
        const local = { name: "here-0-local", via: "local" as const };
        const text = configText({ workers: [local, ...workers], distinct: ["machine"], echo: [] }, null);
        const config = parseConfig(text, { file: "/tofu3.yaml", home: "/" });
        expect(config.workers.slice(1)).toMatchObject(workers.map((each) => ({ ...each, proxy: {} })));
        for (const each of workers) expect(text).toContain(`  - ${workerText(each)}\n`);
      },
    ),
    { numRuns: 40 },
  );
});
