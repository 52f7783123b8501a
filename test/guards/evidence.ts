import { guard, type Guard } from "./guard.ts";

const JUDGE = "test/cli/judge.test.ts";
const STATEMENTS = "test/evidence/statements.test.ts › fails closed";
const KEYS = "test/cli/keys.test.ts";
const VOUCH = "test/receipt/vouch.test.ts";
const SSHSIG = "test/receipt/sshsig.test.ts";
const RECEIPTS = "test/e2e/receipts.test.ts";
const REJUDGE = "test/evidence/rejudge.test.ts";

/** Saved reports, judged again. */
export const EVIDENCE_GUARDS: readonly Guard[] = [
  ...guard(
    "a saved report is judged by what the workers saw, and one that says something else is an alarm",
    {
      file: "src/evidence/rejudge.ts",
      from: '(["outcome", "quorum", "reason", "artifact", "differences", "days"] as const)',
      to: "([] as const)",
      test: `${REJUDGE} › in a report that is %s`,
    },
    {
      file: "src/evidence/rejudge.ts",
      from: "contradictionAt(`${at}.digest`, digest, root) ??",
      to: "",
      test: `${JUDGE} › %s`,
    },
    {
      file: "src/evidence/rejudge.ts",
      from: "(isIn ? null : {",
      to: "(isIn || !isIn ? null : {",
      test: `${JUDGE} › %s`,
    },
    {
      file: "src/cli/commands/judge.ts",
      from: 'if (contradiction !== null) return exitOf("disagreed");',
      to: "",
      test: `${JUDGE} › %s`,
    },
    {
      file: "src/evidence/knowledge.ts",
      from: "return told === digest;",
      to: "return told !== null;",
      test: `${JUDGE} › %s`,
    },
  ),
  ...guard(
    "signed statements count only if every signature is right",
    {
      file: "src/evidence/envelopes.ts",
      from: "const by = signatures.map(",
      to: "const by = signatures.slice(0, 1).map(",
      test: `${STATEMENTS} › on one of two signatures that is wrong, whichever it is`,
    },
    {
      file: "src/evidence/envelopes.ts",
      from: "if (key !== undefined) return key;",
      to: "if (key !== undefined || trusted[0] !== undefined) return key ?? (trusted[0] as PublicKey);",
      test: `${STATEMENTS} › on a signature by a key that is not trusted, beside one that is, and on none`,
    },
    {
      file: "src/evidence/judgefile.ts",
      from: "if (trusted !== null)",
      to: "if (trusted !== null && trusted.length === 0)",
      test: `${STATEMENTS} › without a key, on what nobody signed, and on nothing`,
    },
    {
      file: "src/evidence/schema/envelope.ts",
      from: "payloadType: z.literal(PAYLOAD_TYPE),",
      to: "payloadType: z.string(),",
      test: `${STATEMENTS} › on another payloadType, signed or not`,
    },
    {
      file: "src/evidence/schema/envelope.ts",
      from: "payload: base64,",
      to: "payload: z.string(),",
      test: `${STATEMENTS} › on base64 in other dialects, and other bits at its end`,
    },
    {
      file: "src/evidence/signed.ts",
      from: 'kind === OBSERVATION ? { run: predicate["run"] } : predicate',
      to: "kind === OBSERVATION ? {} : predicate",
      test: `${STATEMENTS} › on observations of another run, also of one that says the same`,
    },
    {
      file: "src/evidence/signed.ts",
      from: "isDeepStrictEqual(says, follows) ? null",
      to: "isDeepStrictEqual(says, says) ? null",
      test: `${STATEMENTS} › on a subject that is not what was seen, one more, or one by another digest too`,
    },
    {
      file: "src/evidence/signed.ts",
      from: "if (wrong !== null)",
      to: "if (wrong !== null && named.length === 0)",
      test: `${STATEMENTS} › on a verdict about other observations than those of the file`,
    },
    {
      file: "src/evidence/signed.ts",
      from: "if (kind === VERDICT) return {};",
      to: "if (kind !== OBSERVATION) return {};",
      test: `${STATEMENTS} › on a summary that says more than the verdict`,
    },
  ),
  ...guard(
    "a key that signs is its owner's alone",
    {
      file: "src/evidence/keys/keypair.ts",
      from: "await place(file, pem, 0o600);",
      to: "await place(file, pem, 0o644);",
      test: `${KEYS} › tofu3 keygen › writes a pair that openssl reads, for its owner alone, and tells its name as ssh-keygen does`,
    },
    {
      file: "src/evidence/keys/keypair.ts",
      from: "await rm(file, { force: true });",
      to: "",
      test: `${KEYS} › tofu3 keygen › replaces neither file, and leaves both or none`,
    },
    {
      file: "src/evidence/keys/opensigner.ts",
      from: "const FOR_OTHERS = 0o077;",
      to: "const FOR_OTHERS = 0;",
      test: `${KEYS} › a key that signs › is an Ed25519 one that nobody else may read`,
    },
  ),
  ...guard(
    "days that reports agree on are distinct, and by clocks that others confirm",
    {
      file: "src/evidence/together.ts",
      from: ".filter(({ observations }) => clocksAgree(observations))",
      to: "",
      test: `${JUDGE} › a copy is no other day, and neither is one whose clocks nobody confirms`,
    },
    {
      file: "src/evidence/together.ts",
      from: "if (roots.size > 1)",
      to: "if (roots.size > 100)",
      test: `${JUDGE} › two digests are a change, whichever day it was`,
    },
  ),
  ...guard(
    "what a VM signed counts for that verification, that worker and those bytes alone",
    {
      file: "src/receipt/vouch.ts",
      from: "if (status === 200 && sum !== undefined)",
      to: "if (sum !== undefined)",
      test: `${VOUCH} › is not more with %s`,
    },
    {
      file: "src/receipt/vouch.ts",
      from: "of isGet ? transfers : [])",
      to: "of transfers)",
      test: `${VOUCH} › is not more with %s`,
    },
    {
      file: "src/receipt/vouch.ts",
      from: "if (way === undefined || exit !== 0 || status === null) continue;",
      to: "if (way === undefined || status === null) continue;",
      test: `${VOUCH} › is not more with %s`,
    },
    {
      file: "src/receipt/vouch.ts",
      from: 'protocol === "https:" ? href : null',
      to: "protocol === protocol ? href : null",
      test: `${VOUCH} › is what a tag is redirected to, over several stations`,
    },
    {
      file: "src/receipt/vouch.ts",
      from: 'if (each.question !== question) return unsigned("its receipts are about something else");',
      to: "",
      test: `${VOUCH} › if it is about %s`,
    },
    {
      file: "src/receipt/vouch.ts",
      from: "given.size > 0 && wayOf(root) === undefined",
      to: "given.size > 99 && wayOf(root) === undefined",
      test: `${VOUCH} › if the VM signed another artifact for the tag`,
    },
    {
      file: "src/receipt/vouch.ts",
      from: "signers.some((each) => each?.id !== signer.id)",
      to: "signers.length === 0",
      test: `${VOUCH} › by two keys, or by nobody`,
    },
    {
      file: "src/receipt/sshsig.ts",
      from: "return key !== null && verifies(key, signed, raw) ? key : null;",
      to: "return key !== null && (verifies(key, signed, raw) || signed.length > 0) ? key : null;",
      test: `${SSHSIG} › with any other byte, fewer or more of them, is nobody's`,
    },
    {
      file: "src/receipt/sshsig.ts",
      from: 'if (namespace.toString("latin1") !== NAMESPACE) return null;',
      to: "",
      test: `${SSHSIG} › for %j is nobody's`,
    },
    {
      file: "src/evidence/vouched.ts",
      from: "if (by === null || objects < of)",
      to: "if (by === null)",
      test: "test/evidence/vouched.test.ts › if %s, it does not",
    },
    {
      file: "src/evidence/vouched.ts",
      from: "if (!keys.some(({ id }) => id === by))",
      to: "if (keys.length === 0)",
      test: "test/evidence/vouched.test.ts › if %s, it does not",
    },
    {
      file: "src/receipt/vouch.ts",
      from: "from - MOST_CLOCK_SECONDS <= began && began <= ended && ended <= to + MOST_CLOCK_SECONDS",
      to: "began <= ended",
      test: `${VOUCH} › if it %s`,
    },
    {
      file: "src/receipt/vouch.ts",
      from: "[...way, authority].sort()",
      to: "way",
      test: `${VOUCH} › says which authorities stood for the VM's own, on the way to the root and nowhere else`,
    },
    {
      file: "src/model/question.ts",
      from: "{ run, worker, ...fieldsOf(asked), platform, osVersion, bottle }",
      to: "{ run, worker, ...fieldsOf(asked), platform, osVersion, bottle, ...asked }",
      test: `${VOUCH} › if what was asked has a %s of its own`,
    },
    {
      file: "src/evidence/vouched.ts",
      from: "> MOST_LOCAL)",
      to: "> 3)",
      test: "test/evidence/vouched.test.ts › not more than one worker may be on no VM, and two have to be",
    },
    {
      file: "src/evidence/vouched.ts",
      from: "if (policy.days === 1 || vms.ledgerDays) return null;",
      to: "if (policy.days > 0) return null;",
      test: "test/evidence/vouched.test.ts › days of the ledger rest on nobody's signature",
    },
    {
      file: "src/evidence/vouched.ts",
      from: "if (odd !== undefined)",
      to: "if (odd === worker)",
      test: "test/evidence/vouched.test.ts › an authority of the coordinator's counts only where it is listed",
    },
    {
      file: "src/evidence/vouched.ts",
      from: "if (other !== undefined)",
      to: "if (other === worker)",
      test: `${RECEIPTS} › cannot use keys that nobody listed, nor one VM for two workers`,
    },
    {
      file: "src/evidence/rejudge.ts",
      from: "(told.signed === undefined ? null :",
      to: "(told.signed !== null ? null :",
      test: `${RECEIPTS} › is found out by what it says itself`,
    },
  ),
];
