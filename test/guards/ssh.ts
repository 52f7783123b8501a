import { guard, type Guard } from "./guard.ts";

const REPLY = "test/ssh/script/reply.test.ts";
const HOSTKEY = "test/ssh/connection/hostkey.test.ts";
const KNOWN = "test/ssh/connection/knownhosts.test.ts";
const CURL = "test/ssh/script/curlconfig.test.ts";
const SCRIPT = "test/ssh/script/script.test.ts";
const FAULTS = "test/ssh/faults.test.ts";
const SSH_BODY = "test/ssh/body.test.ts";
const WAYS = "test/ssh/ways.test.ts";

/** The engine of a VM: who it is, what it may say, what it is told. */
export const SSH_GUARDS: readonly Guard[] = [
  ...guard("no file that a user or a configuration names can hang a run", {
    file: "src/smallfile.ts",
    from: "throw new Error(`it is larger than ${limit} bytes`);",
    to: "return buffer;",
    test: "test/e2e/pipes.test.ts › a key of a gigabyte is not read",
  }),
  ...guard(
    "jobs for different registries share no shell on a VM",
    {
      file: "src/ssh/pooledshell.ts",
      from: "(this.#registry ?? owner.registry) === owner.registry",
      to: "true",
      test: "test/ssh/link.test.ts › serve one registry each, whatever comes one after the other or at the same time",
    },
    {
      file: "src/ssh/pool.ts",
      from: "this.#tell(pooled, await pooled.end());",
      to: "await pooled.end();",
      test: "test/ssh/link.test.ts › an unclean end voids every job that the shell served, and no other",
    },
    {
      file: "src/ssh/pool.ts",
      from: "if (pooled.isEnding) await this.#end(pooled);",
      to: "if (pooled.isEnding) void this.#end(pooled);",
      test: "test/ssh/pool.test.ts › a job that ends %d microtasks after its shell has ended uncleanly is void",
    },
  ),
  ...guard("with `IdentitiesOnly`, a VM learns of no other key in the agent", {
    file: "src/ssh/connection/agent.ts",
    from: "found?.filter(isWanted)",
    to: "found",
    test: "test/ssh/connection/connect.test.ts › one key of four is offered: that of the file whose private key only the agent has",
  }),
  ...guard(
    "a host key that is not pinned ends the connection",
    {
      file: "src/ssh/connection/hostkey.ts",
      from: "fingerprintOf(key) === fingerprint,",
      to: "fingerprintOf(key) !== null,",
      test: `${HOSTKEY} › accepts that key and no other, with a real boolean`,
    },
    {
      file: "src/ssh/connection/hostkey.ts",
      from: "isRevoked(key) === undefined && known",
      to: "known",
      test: `${HOSTKEY} › revoked outranks known`,
    },
    {
      file: "src/ssh/connection/hostkey.ts",
      from: "lines.filter((each) => each.marker === null)",
      to: "lines",
      test: `${HOSTKEY} › a certificate authority only: refused before anything is connected to`,
    },
    {
      file: "src/ssh/connection/hostkey.ts",
      from: '["rsa-sha2-512", "rsa-sha2-256"]',
      to: '["rsa-sha2-512", "rsa-sha2-256", "ssh-rsa"]',
      test: `${HOSTKEY} › RSA is signed with SHA-2 only`,
    },
    {
      file: "src/ssh/connection/pattern.ts",
      from: 'each.startsWith("!") && matchesPattern(each.slice(1), name)',
      to: "false",
      test: `${KNOWN} › which hosts a list of patterns names`,
    },
    {
      file: "src/ssh/connection/knownhosts.ts",
      from: "return keyType(key) === type ?",
      to: "return key.length > 0 ?",
      test: `${KNOWN} › lines that are left out`,
    },
    {
      file: "src/ssh/connection/connection.ts",
      from: "trust.accepts(key)",
      to: "(trust.accepts(key) || true)",
      test: "test/ssh/connection/connect.test.ts › a changed key: both fingerprints, the place, and no authentication",
    },
  ),
  ...guard(
    "what a VM prints cannot be more than its vote",
    {
      file: "src/ssh/script/reply.ts",
      from: "if (line.startsWith(`${this.#nonce} `))",
      to: 'if (line.includes(" "))',
      test: `${REPLY} › what does not count`,
    },
    {
      file: "src/ssh/script/reply.ts",
      from: "if (total > this.#mostBytes)",
      to: "if (false)",
      test: `${REPLY} › what is refused › more bytes than the job may have`,
    },
    {
      file: "src/ssh/script/grammar.ts",
      from: 'if (map.has(key)) refuse("said twice", line);',
      to: "",
      test: `${REPLY} › what is refused › two sums`,
    },
    {
      file: "src/ssh/script/reply.ts",
      from: "if (this.#noise > MOST_NOISE)",
      to: "if (this.#noise > 9 * MOST_NOISE)",
      test: `${REPLY} › what is refused › nothing but noise`,
    },
    {
      file: "src/ssh/script/reply.ts",
      from: "rest.length > LONGEST_LINE",
      to: "rest.length > 999 * LONGEST_LINE",
      test: `${REPLY} › a long line of 1 GiB is refused after its first 16 KiB`,
    },
    {
      file: "src/ssh/script/reply.ts",
      from: "if (--this.#mostChains < 0)",
      to: "if (false)",
      test: `${REPLY} › what is refused › certificates of more transfers than asked for`,
    },
    {
      file: "src/ssh/script/reply.ts",
      from: "if (this.#chain?.isTooMuch === true)",
      to: "if (false)",
      test: `${REPLY} › what is refused › certificates without end`,
    },
    {
      file: "src/ssh/script/chain.ts",
      from: "this.#begun === this.#count",
      to: "true",
      test: `${REPLY} › certificates › %s: nothing is taken`,
    },
    {
      file: "src/ssh/shell.ts",
      from: 'randomBytes(16).toString("hex")',
      to: '"0".repeat(32)',
      test: `${FAULTS} › each shell has a nonce of its own, which nobody can guess`,
    },
    {
      file: "src/ssh/shell.ts",
      from: "if (this.#bye && this.#exit === 0) return receipt;",
      to: "return receipt;",
      test: `${FAULTS} › an end with %s is not clean`,
    },
    {
      file: "src/ssh/job.ts",
      from: "hex === undefined || hex.length * 4 !== Number(bits(algorithm))",
      to: "hex === undefined",
      test: `${FAULTS} › a VM that lies about the protocol › %s: %s`,
    },
    {
      file: "src/ssh/outcome.ts",
      from: "if (block.status !== transfer.status)",
      to: "if (false)",
      test: `${FAULTS} › a VM that lies about the protocol › %s: %s`,
    },
    {
      file: "src/ssh/outcome.ts",
      from: "declared !== null && declared !== size)",
      to: "false)",
      test: `${FAULTS} › a VM that lies about the protocol › %s: %s`,
    },
  ),
  ...guard(
    "no secret in an argument, environment or file of a VM",
    {
      file: "src/ssh/script/curlconfig.ts",
      from: "if (query.trust?.clientCertificate)",
      to: "if (false)",
      test: `${CURL} › a client certificate never goes to a VM`,
    },
    {
      file: "src/ssh/script/curlconfig.ts",
      from: "if (odd !== undefined)",
      to: "if (false)",
      test: `${CURL} › a header value with a line break stops everything`,
    },
    {
      file: "src/secret.ts",
      from: 'toString(): string {\n    return "[secret]";',
      to: "toString(): string {\n    return this.#value;",
      test: "test/secret.test.ts › a secret is not in text, and is only what reveal() gives",
    },
    {
      file: "src/ssh/script/script.ts",
      from: '"case $(command -v printf) in */*) exit 93;; esac",',
      to: '"true",',
      test: `${SCRIPT} › an interpreter that would show secrets in the process list › is not used`,
    },
  ),
  ...guard(
    "a VM's curl is told everything",
    {
      file: "src/ssh/script/script.ts",
      from: "accept-encoding: identity",
      to: "accept-encoding: gzip",
      test: `${CURL} › headers arrive as they are, secrets too, and identity is asked for once`,
    },
    {
      file: "src/ssh/script/script.ts",
      from: 'https\\\\"$N',
      to: 'https,file,ftp,gopher,dict,scp\\\\"$N',
      test: `${CURL} › %s is not fetched`,
    },
    {
      file: "src/ssh/script/script.ts",
      from: "globoff${N}",
      to: "",
      test: `${CURL} › brackets and braces are not expanded in a URL`,
    },
    {
      file: "src/ssh/script/script.ts",
      from: "exec curl -q -K -",
      to: "exec curl -K -",
      test: `${SCRIPT} › curl always reads no configuration but ours`,
    },
  ),
  ...guard(
    "both HTTP engines are equally strict",
    {
      file: "src/ssh/outcome.ts",
      from: "const declared = declaredLength(block.status, block.headers);",
      to: "const declared = ((): number | null => null)();",
      test: `${SSH_BODY} › Content-Length and chunked: E_FRAMING http`,
    },
    {
      file: "src/ssh/outcome.ts",
      from: "size > query.maxBytes)",
      to: "false)",
      test: `${SSH_BODY} › the size limit`,
    },
  ),
  ...guard(
    "nothing from a private address counts",
    {
      file: "src/ssh/outcome.ts",
      from: "refuseAddress(query, transfer, settings);",
      to: "",
      test: `${WAYS} › a name that leads there: what it answers does not count`,
    },
    {
      file: "src/ssh/transport.ts",
      from: "refusePrivatePlace(query);",
      to: "",
      test: `${WAYS} › %s is not asked for`,
    },
  ),
  ...guard(
    "a link that is cut, damaged, stalled or dark",
    {
      file: "src/ssh/pool.ts",
      from: "if (fault !== null) throw fault as Error;",
      to: "",
      test: `${FAULTS} › its shell gets %s: its job is lost, what it said before does not count`,
    },
    {
      file: "src/ssh/script/script.ts",
      from: '"leash() {",',
      to: '"leash() { sleep 99",',
      test: `${FAULTS} › is killed at any moment: nothing runs a second later`,
    },
  ),
  ...guard("TLS 1.2 or newer", {
    file: "src/ssh/script/script.ts",
    from: "tlsv1.2${N}",
    to: "",
    test: `${WAYS} › TLS 1.1 is refused also where the VM's own library allows it`,
  }),
  ...guard(
    "whoever may start the worker script, and nothing else, reads and writes no file of the VM",
    {
      file: "src/ssh/script/script.ts",
      from: 't*) may "${l#t}" && T="$T${l#t}$N";;',
      to: 't*) may "${l#t}"; T="$T${l#t}$N";;',
      test: `${SCRIPT} › cannot send %s`,
    },
    {
      file: "src/ssh/script/script.ts",
      from: 'header*"$B"[nrtv]*) return 1;;',
      to: "header=x) return 1;;",
      test: `${SCRIPT} › cannot send %s`,
    },
    {
      file: "src/ssh/script/script.ts",
      from: '*"$R"* | u*"$B"[nrtv]*) return 1;;',
      to: "u=x) return 1;;",
      test: `${SCRIPT} › cannot send %s`,
    },
    {
      file: "src/ssh/script/script.ts",
      from: 'q*) test "$q$J" = 10 || break; q=;',
      to: "q*)",
      test: `${SCRIPT} › cannot begin a receipt when bytes are on their way that it would not tell of`,
    },
    {
      file: "src/ssh/script/script.ts",
      from: "case $n in $x$x$x$x) ;;",
      to: "case $n in *) ;;",
      test: `${SCRIPT} › cannot begin with %s in place of the nonce`,
    },
    {
      file: "src/ssh/script/script.ts",
      from: "suppress-connect-headers${N}",
      to: "",
      test: `${SCRIPT} › cannot have a part of a body, or a redirect that a proxy made up, taken for what a server gave`,
    },
    {
      file: "src/ssh/script/script.ts",
      from: "b*) idle || break; j=b;",
      to: "b*) j=b;",
      test: `${SCRIPT} › cannot have %s while a job runs, so that bytes of one are hashed as those of another`,
    },
  ),
];
