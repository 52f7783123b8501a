import fc from "fast-check";
import { afterEach, expect, test, vi } from "vitest";
import { parseArgv } from "../../../src/cli/argv/argv.ts";
import { filled } from "../../../src/cli/argv/commands/exec.ts";
import { GLOBAL_FLAGS } from "../../../src/cli/argv/settings.ts";
import { COMMANDS } from "../../../src/cli/argv/usage.ts";
import { Tofu3Error } from "../../../src/errors.ts";

/** A line as a shell would split it at blanks; nothing here needs quotes. */
function parse(line: string) {
  return parseArgv(line.split(" ").filter((word) => word !== ""));
}

const UNCHECKED = { gate: null, image: null, store: null, hosts: null, timeoutSeconds: 60 };
const NOTHING = { platform: null, osVersion: null, bottle: null };
const VERIFY = {
  command: "verify",
  list: null,
  pin: null,
  sums: null,
  mirrors: [],
  witness: false,
  format: null,
  ...NOTHING,
  destination: null,
  force: false,
  days: null,
  lock: null,
  keepEvidence: null,
  reports: [],
  sign: null,
  redact: false,
};

const EXEC = {
  command: "exec",
  ...NOTHING,
  as: null,
  days: null,
  lock: null,
  keepEvidence: null,
  reports: [],
  sign: null,
  redact: false,
};

test.each([
  ["keygen a/b", { command: "keygen", file: "a/b", passphrase: false }],
  ["keygen --passphrase a", { command: "keygen", file: "a", passphrase: true }],
  [
    "judge --trust a.pub --trust b.pub --trust-vm v.pub c d --days 2",
    {
      command: "judge",
      files: ["c", "d"],
      trust: ["a.pub", "b.pub"],
      trustVm: ["v.pub"],
      trustCa: [],
      days: 2,
      format: null,
    },
  ],
  ["exec a --sign k -- true", { ...EXEC, references: ["a"], argv: ["true"], sign: "k" }],
  ["exec a -- true", { ...EXEC, references: ["a"], argv: ["true"] }],
  [
    "exec a b --days 2 -- tar -C x --force {} {2}",
    {
      ...EXEC,
      references: ["a", "b"],
      days: 2,
      argv: ["tar", "-C", "x", "--force", "{}", "{2}"],
    },
  ],
  [
    "exec a --as file -- sh -c {}/x -- {1} {4}x",
    {
      ...EXEC,
      references: ["a"],
      as: "file",
      argv: ["sh", "-c", "{}/x", "--", "{1}", "{4}x"],
    },
  ],
  ["verify alpine", { ...VERIFY, references: ["alpine"] }],
  ["verify alpine:1.10", { ...VERIFY, references: ["alpine:1.10"] }],
  ["verify 1.10", { ...VERIFY, references: ["1.10"] }],
  ["verify 007", { ...VERIFY, references: ["007"] }],
  ["verify a --platform linux/amd64", { ...VERIFY, references: ["a"], platform: "linux/amd64" }],
  ["verify --platform=linux/arm/v7:10.10 a", { ...VERIFY, references: ["a"], platform: "linux/arm/v7:10.10" }],
  ["verify a --os-version 11", { ...VERIFY, references: ["a"], osVersion: "11" }],
  ["verify a --os-version 1.10", { ...VERIFY, references: ["a"], osVersion: "1.10" }],
  ["verify a --bottle arm64_sonoma", { ...VERIFY, references: ["a"], bottle: "arm64_sonoma" }],
  ["verify a -o oci:b", { ...VERIFY, references: ["a"], destination: "oci:b" }],
  ["verify a --output oci:b --force", { ...VERIFY, references: ["a"], destination: "oci:b", force: true }],
  ["verify a -o -", { ...VERIFY, references: ["a"], destination: "-" }],
  ["verify -o - -", { ...VERIFY, references: ["-"], destination: "-" }],
  ["verify a --lock - --config -", { ...VERIFY, references: ["a"], lock: "-" }],
  ["verify -- -", { ...VERIFY, references: ["-"] }],
  ["verify a -o 12", { ...VERIFY, references: ["a"], destination: "12" }],
  ["verify a -qo file:b", { ...VERIFY, references: ["a"], destination: "file:b" }],
  ["verify a --report b.json --report c.MD", { ...VERIFY, references: ["a"], reports: ["b.json", "c.MD"] }],
  ["verify a --lock tofu3.lock", { ...VERIFY, references: ["a"], lock: "tofu3.lock" }],
  ["verify --json a", { ...VERIFY, references: ["a"] }],
  ["--json verify a", { ...VERIFY, references: ["a"] }],
  ["--config c.yaml verify a", { ...VERIFY, references: ["a"] }],
  ["verify a b", { ...VERIFY, references: ["a", "b"] }],
  ["verify -i list -o d", { ...VERIFY, references: [], list: "list", destination: "d" }],
  ["verify --input -", { ...VERIFY, references: [], list: "-" }],
  [
    "verify a --mirror b --mirror c --sums d --witness",
    { ...VERIFY, references: ["a"], mirrors: ["b", "c"], sums: "d", witness: true },
  ],
  ["verify -- a", { ...VERIFY, references: ["a"] }],
  ["verify -- --json", { ...VERIFY, references: ["--json"] }],
  ["verify -- -o", { ...VERIFY, references: ["-o"] }],
  ["verify a --force --force", { ...VERIFY, references: ["a"], force: true }],
  ["--force verify a", { ...VERIFY, references: ["a"], force: true }],
  ["verify a --force=false", { ...VERIFY, references: ["a"] }],
  ["inspect a --raw", { command: "inspect", format: null, reference: "a", ...NOTHING, raw: true }],
  [
    "inspect a --platform darwin/amd64",
    { command: "inspect", format: null, reference: "a", ...NOTHING, platform: "darwin/amd64", raw: false },
  ],
  ["inspect a --raw --json=false", { command: "inspect", format: null, reference: "a", ...NOTHING, raw: true }],
  ["tags ghcr.io/a/b", { command: "tags", format: null, repository: "ghcr.io/a/b" }],
  ["workers check", { command: "workers check", format: null, registry: null }],
  ["workers check --registry ghcr.io", { command: "workers check", format: null, registry: "ghcr.io" }],
  ["workers --registry ghcr.io check", { command: "workers check", format: null, registry: "ghcr.io" }],
  ["workers --json check", { command: "workers check", format: null, registry: null }],
  ["workers script", { command: "workers script" }],
  ["serve config podman", { command: "serve config", client: "podman", registry: null, gate: null }],
  [
    "serve config docker-28 --registry ghcr.io --gate gate.lab:5005",
    { command: "serve config", client: "docker-28", registry: "ghcr.io", gate: "gate.lab:5005" },
  ],
  ["serve check skopeo", { command: "serve check", client: "skopeo", ...UNCHECKED }],
  [
    "serve check containerd --image a --store b --hosts-dir c --timeout 5",
    { command: "serve check", client: "containerd", gate: null, image: "a", store: "b", hosts: "c", timeoutSeconds: 5 },
  ],
  ["demo", { command: "demo", tamper: false }],
  ["demo --tamper", { command: "demo", tamper: true }],
])("tofu3 %s", (line, wanted) => {
  expect(parse(line).arguments).toEqual(wanted);
});

const QUIET_DEFAULTS = {
  config: null,
  authfile: null,
  json: false,
  quiet: false,
  progress: "auto",
  color: true,
  logLevel: "silent",
  logFormat: "pretty",
};

test.each([
  ["demo", QUIET_DEFAULTS],
  ["demo --json", { ...QUIET_DEFAULTS, json: true }],
  ["demo --json=false", QUIET_DEFAULTS],
  ["demo -q", { ...QUIET_DEFAULTS, quiet: true }],
  ["demo --quiet --no-progress", { ...QUIET_DEFAULTS, quiet: true, progress: "none" }],
  ["demo --debug", { ...QUIET_DEFAULTS, logLevel: "debug" }],
  ["demo --debug --log-level error", { ...QUIET_DEFAULTS, logLevel: "debug" }],
  ["demo --debug --log-level trace", { ...QUIET_DEFAULTS, logLevel: "trace" }],
  ["demo --no-color", { ...QUIET_DEFAULTS, color: false }],
  ["demo --config a.yaml --authfile b.json", { ...QUIET_DEFAULTS, config: "a.yaml", authfile: "b.json" }],
  ["demo --log-level debug --log-format json", { ...QUIET_DEFAULTS, logLevel: "debug", logFormat: "json" }],
])("settings of: tofu3 %s", (line, wanted) => {
  expect(parse(line).settings).toEqual(wanted);
});

test.each([
  ["verify", /needs a SUBJECT/, /tofu3 verify/],
  ["verify -i list a", /"a" stands beside --input/, /tofu3 verify SUBJECT\.\.\./],
  ["verify a --sha256 abc", /not a sha256: "abc"/, /64 hex digits/],
  ["verify a --integrity sha512-x", /it has no sha256/, /base64/],
  ["tags", /needs a REPOSITORY/, /tofu3 tags/],
  ["workers check fra", /unexpected argument "fra"/, /tofu3 workers check/],
  ["verifi a", /no command "verifi"/, /did you mean: tofu3 verify/],
  ["verfiy a", /no command "verfiy"/, /did you mean: tofu3 verify/],
  ["tag a", /no command "tag"/, /did you mean: tofu3 tags/],
  ["workers", /needs a second word/, /tofu3 workers check, tofu3 workers script/],
  ["serve config", /needs a CLIENT/, /tofu3 serve config podman/],
  ["serve config podmn", /no client "podmn"/, /did you mean podman/],
  ["serve check cri-o", /cannot run a pull of cri-o/, /check podman/],
  ["serve check helm", /no client "helm"/, /one of: podman, buildah/],
  ["serve check podman --timeout 0", /from 1 to 110 seconds/, /--timeout 60/],
  ["serve check podman --timeout 111", /from 1 to 110 seconds/, /./],
  ["serve check podman --timeout 1e1", /from 1 to 110 seconds/, /./],
  ["workers chek", /no command "workers chek"/, /did you mean: tofu3 workers check/],
  ["alpine:3.20", /no command "alpine:3.20"/, /tofu3 verify alpine:3.20/],
  ["frobnicate", /no command "frobnicate"/, /tofu3 --help/],
  ["--json", /no command/, /tofu3 --help/],
  ["verify a --plaform linux/amd64", /no flag --plaform/, /did you mean: --platform/],
  ["verify a --platfrom=linux/amd64", /no flag --platfrom/, /did you mean: --platform/],
  ["verify a --no-colour", /no flag --no-colour/, /did you mean: --no-color/],
  ["verify a -x", /no flag -x/, /tofu3 verify --help/],
  ["verify a --no-json", /no flag --no-json/, /./],
  ["verify a --__proto__ x", /no flag/, /./],
  ["verify a --constructor x", /no flag --constructor/, /./],
  ["tags a --platform linux/amd64", /tofu3 tags has no flag --platform/, /a flag of: verify, exec, inspect/],
  ["tags a --tamper", /has no flag --tamper/, /a flag of: demo/],
  ["verify a --platform", /--platform needs a value/, /--platform OS/],
  ["verify a --platform=", /--platform needs a value/, /./],
  ["verify a -o", /--output needs a value/, /--output DEST/],
  ["verify a --platform --json", /--platform needs a value/, /./],
  ["verify a --platform linux/amd64 --platform linux/arm64", /--platform was given 2 times/, /once/],
  ["verify a -o b --output c", /--output was given 2 times/, /once/],
  ["verify a --json=maybe", /--json takes no value/, /--json/],
  ["verify a --log-level loud", /--log-level cannot be "loud"/, /silent, error, warn/],
  ["verify a --log-format xml", /--log-format cannot be "xml"/, /pretty, json/],
  ["verify a --report b.md --report", /--report needs a value/, /--report \[KIND:\]FILE/],
  ["verify a -o --", /--output needs a value/, /--output DEST/],
  ["verify a -q=maybe", /--quiet takes no value/, /--quiet/],
  ["tags a -o b", /tofu3 tags has no flag -o/, /a flag of: verify/],
  ["tags a --raw=false", /tofu3 tags has no flag --raw/, /a flag of: inspect/],
  ["-- verify a", /no command was given before --/, /tofu3 --help/],
  ["--nope -- verify a", /no command was given/, /tofu3 --help/],
  ["constructor", /no command "constructor"/, /./],
  ["__proto__ a", /no command "__proto__"/, /./],
  ["$0 a", /no command "\$0"/, /./],
  ["verify --_ a", /no flag --_/, /./],
  ["verify --_=a", /no flag --_/, /./],
  ["verify -q_ a", /no flag -q_/, /./],
  ["verify a --$0=b", /no flag --\$0/, /./],
  ["verify --REFERENCE a", /no flag --REFERENCE/, /./],
  ["verify --reference=a", /no flag --reference/, /./],
  ["exec a", /exec needs -- and a command after it/, /tofu3 exec/],
  ["exec a --", /exec needs -- and a command after it/, /tofu3 exec/],
  ["exec -- true", /needs a REFERENCE/, /tofu3 exec/],
  ["exec a b -- tar oci:{}", /^\{\} in "oci:\{\}" stands for 2 paths$/, /\{1\}, \{2\}/],
  ["exec a b -- diff {1} {3}", /"\{3\}" stands for no REFERENCE: there are 2/, /\{1\} is the path of the first/],
  ["exec a -- cat {0}", /"\{0\}" stands for no REFERENCE: there is one/, /\{1\}/],
  ["inspect a --raw --json", /--raw and --json exclude each other/, /./],
])("tofu3 %s is refused", (line, message, hint) => {
  const refused = refusal(line);
  expect(refused.code).toBe("E_USAGE");
  expect(refused.message).toMatch(message);
  expect(refused.hint).toMatch(hint);
});

function refusal(line: string): Tofu3Error {
  try {
    parse(line);
  } catch (error) {
    if (error instanceof Tofu3Error) return error;
    throw error;
  }
  throw new Error(`tofu3 ${line} was accepted`);
}

afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

test("messages stay English whatever LC_ALL says, and what a person typed cannot move the cursor", () => {
  for (const name of ["LC_ALL", "LC_MESSAGES", "LANG", "LANGUAGE"]) vi.stubEnv(name, "de_DE.UTF-8");
  const error = refusal("verify a --\u001b[2Jx");
  expect(error.message).toMatch(/^tofu3 verify has no flag --/);
  expect(error.message).not.toContain("\u001b");
  expect(error.message).toContain("\\u{1b}");
});

const WORDS = [...COMMANDS, ...GLOBAL_FLAGS, ...COMMANDS.flatMap((command) => command.flags)].flatMap(({ name }) => [
  ...name.split(" "),
  `--${name}`,
  `--${name}=x`,
]);
const ODD = [
  "a",
  "",
  "-",
  "--",
  "---",
  "-x",
  "-q",
  "-qo",
  "-o=b",
  "-1",
  "1.10",
  "--=",
  "-=",
  "--_",
  "-_",
  "--$0",
  "--__proto__",
  "true",
];

test(
  "whatever is typed is one command or a mistake in our words; yargs neither exits nor prints",
  { timeout: 180_000 },
  () => {
    const spies = [
      vi.spyOn(process, "exit").mockImplementation(() => undefined as never),
      ...(["log", "error", "warn"] as const).map((name) => vi.spyOn(console, name).mockImplementation(() => undefined)),
      ...([process.stdout, process.stderr] as const).map((stream) =>
        vi.spyOn(stream, "write").mockImplementation(() => true),
      ),
    ];
    const word = fc.oneof(
      { weight: 6, arbitrary: fc.constantFrom(...WORDS, ...ODD) },
      fc.string({ maxLength: 6, unit: "binary" }),
    );
    fc.assert(
      fc.property(fc.array(word, { maxLength: 6 }), (argv) => {
        try {
          parseArgv(argv);
        } catch (error) {
          // "cannot be used" would hand on what yargs says
          return error instanceof Tofu3Error && error.code === "E_USAGE" && !error.message.includes("cannot be used");
        }
        return true;
      }),
      { numRuns: 2000 },
    );
    const calls = spies.map((spy) => spy.mock.calls.length);
    vi.restoreAllMocks();
    expect(calls).toEqual(spies.map(() => 0));
  },
);

test.each([
  [["cp", "{}", "to"], ["/p"], ["cp", "/p", "to"]],
  [
    ["cp", "{}", "to"],
    ["/p", "/q"],
    ["cp", "/p", "/q", "to"],
  ],
  [
    ["x", "{2}:{1}:{3}", "a{}"],
    ["/p", "/q"],
    ["x", "/q:/p:{3}", "a/p"],
  ],
  [["x", "{}{}", "{1}{01}{ }"], ["/{1}"], ["x", "/{1}/{1}", "/{1}{01}{ }"]],
  [["{}", "{1}"], ["/$&$1"], ["/$&$1", "/$&$1"]],
])("the placeholders of %j are filled from %j", (argv, paths, wanted) => {
  expect(filled(argv, paths)).toEqual(wanted);
});
