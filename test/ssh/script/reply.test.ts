import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Tofu3Error } from "../../../src/errors.ts";
import { ReplyParser, type JobReply, type Transfer } from "../../../src/ssh/script/reply.ts";

const N = "0123456789abcdef0123456789abcdef";
const SHA = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

interface Told {
  readonly events: string[];
  readonly replies: JobReply[];
  readonly transfers: Transfer[];
  readonly others: string[];
  readonly fault: Tofu3Error | null;
}

/** What the parser makes of these pieces. */
function tell(pieces: readonly (string | Uint8Array)[], mostBytes = 1_000_000, mostChains = 2): Told {
  const told = {
    events: [] as string[],
    replies: [] as JobReply[],
    transfers: [] as Transfer[],
    others: [] as string[],
  };
  const parser = new ReplyParser(N, {
    onBegin: () => void told.events.push("begin"),
    onTransfer: (transfer) => void told.transfers.push(transfer),
    onOther: (line) => void told.others.push(line),
    onEnd: (reply) => {
      told.events.push("end");
      told.replies.push(reply);
    },
    onBye: () => void told.events.push("bye"),
  });
  parser.allow(mostBytes, mostChains);
  try {
    for (const piece of pieces) parser.feed(Buffer.from(piece as string));
  } catch (error) {
    if (error instanceof Tofu3Error) return { ...told, fault: error };
    throw error;
  }
  return { ...told, fault: null };
}

/** `N line` for each; a line that begins with `>` is said without the nonce. */
function said(...lines: string[]): string {
  return lines.map((line) => (line.startsWith(">") ? `${line.slice(1)}\n` : `${N} ${line}\n`)).join("");
}

function sole(told: Told): JobReply {
  expect([told.fault, told.replies.length]).toEqual([null, 1]);
  return told.replies[0] as JobReply;
}

const W1 = "w 1 0 200 000 3 []";
const W2 = "w 2 0 200 000 3 []";
const again = (times: number, ...lines: string[]): string[] => Array.from({ length: times }, () => lines).flat();
const pem = (body: string): string => `-----BEGIN CERTIFICATE-----\n${body}\n-----END CERTIFICATE-----\n`;

const HEAD = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n";
const BATCH = Buffer.concat([
  Buffer.from(
    `motd\r\nLast login: today\n\n${said("begin 5", "w 2 0 200 000 3 [127.0.0.1]", "w 1 28 000 000 0 []", "rc 0 28", `d ${SHA} *b2`)}`,
  ),
  Buffer.from(said(`l 0 h1`, `l ${HEAD.length} h2`, `l 7 b2`, `l ${HEAD.length + 7} total`, "raw")),
  Buffer.from(HEAD),
  Buffer.from([0, 10, 13, 255, 128, 10, 0]),
  Buffer.from(said("end", "> 12 1000k   12  123k    0     0   1M", "bye")),
]);

function expectBatch(told: Told): void {
  const reply = sole(told);
  expect(told.events).toEqual(["begin", "end", "bye"]);
  expect(told.transfers).toEqual([
    { index: 2, exit: 0, status: 200, connectStatus: 0, size: 3, address: "127.0.0.1", said: "" },
    { index: 1, exit: 28, status: 0, connectStatus: 0, size: 0, address: null, said: "" },
  ]);
  expect([...reply.exits]).toEqual([[0, 28]]);
  expect([...reply.sums]).toEqual([["b2", SHA]]);
  expect([...reply.files].map(([name, bytes]) => [name, bytes.toString("latin1")])).toEqual([
    ["h1", ""],
    ["h2", HEAD],
    ["b2", "\0\n\r\xff\x80\n\0"],
  ]);
  expect(told.others).toEqual(["motd", "Last login: today", " 12 1000k   12  123k    0     0   1M"]);
}

describe("a reply in pieces", () => {
  test("whole", () => expectBatch(tell([BATCH])));
  test("byte by byte", () => expectBatch(tell([...BATCH].map((byte) => Uint8Array.of(byte)))));
  test("split anywhere", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(BATCH.length), { maxLength: 40 }), (cuts) => {
        const at = [0, ...cuts.sort((a, b) => a - b), BATCH.length];
        expectBatch(tell(at.slice(1).map((end, i) => BATCH.subarray(at[i], end))));
      }),
    );
  });
});

describe("what counts", () => {
  test("greeting", () => {
    const reply = sole(
      tell([
        said(
          "begin 5",
          "info hash openssl",
          "info machine ",
          "info os Linux 6.1",
          "info clock 1700000000",
          "info curl curl 7.88.1 (x)",
          "end",
        ),
      ]),
    );
    expect(Object.fromEntries(reply.info)).toEqual({
      hash: "openssl",
      machine: "",
      os: "Linux 6.1",
      clock: "1700000000",
      curl: "curl 7.88.1 (x)",
    });
    expect(reply.lacks).toEqual([]);
  });
  test("a lack", () => expect(sole(tell([said("begin 5", "lacks directory", "end")])).lacks).toEqual(["directory"]));
  test("a pong", () => expect(sole(tell([said("begin 5", "pong 12", "end")])).info.get("clock")).toBe("12"));
  test("an old curl has no exit status of its own", () =>
    expect(sole(tell([said("begin 5", "w 1 - 200 000 3 [::1]", "rc 1 0", "end")])).transfers.get(1)).toMatchObject({
      exit: null,
      address: "::1",
      said: "",
    }));
  test("a hash tool that said nothing", () => expect(sole(tell([said("begin 5", "d  -", "end")])).sums.size).toBe(0));
  test("each kind of hash tool", () => {
    const reply = sole(
      tell([said("begin 5", `d ${SHA} *b1`, `d ${SHA} b2`, `d ${SHA}${SHA} b999`, `d ${SHA} -`, "end")]),
    );
    expect([...reply.sums.keys()]).toEqual(["b1", "b2", "b999", "-"]);
  });
  test("each job has its own reply", () => {
    const { replies } = tell([said("begin 5", "rc 0 1", "end", "rc 0 2", "end")]);
    expect(replies.map((reply) => [...reply.exits])).toEqual([[[0, 1]], [[0, 2]]]);
  });
  test("carriage returns end a line, as in curl's meter", () => {
    expect(tell([said("begin 5"), "  0   0\r 50  50\r\n", said("end")])).toMatchObject({
      others: ["  0   0", " 50  50"],
      events: ["begin", "end"],
    });
  });
});

describe("certificates", () => {
  const leaves = (...pieces: string[]): [number, string][] => [...sole(tell(pieces)).leaves];
  const FIELDS = "Subject:CN = x\nVersion:2\n\n";

  test("the first of each chain belongs to the transfer just told of, and nothing of it is noise", () => {
    const told = tell([
      said("begin 5", W2, "c 2"),
      `${FIELDS}${pem("AAAA\nBBBB")}${FIELDS}${pem("CCCC")}\n`,
      said("c end", W1, "c 1"),
      pem("DDDD"),
      said("c end", "rc 0 0", "end"),
    ]);
    expect([...sole(told).leaves]).toEqual([
      [2, pem("AAAA\nBBBB")],
      [1, pem("DDDD")],
    ]);
    expect([told.others, told.transfers.length]).toEqual([[], 2]);
  });

  test.each([
    ["no certificate, as on a connection that was there before", "c 0", "\n"],
    ["another TLS library, which prints nothing", "c 0", ""],
    ["fewer than it counts", "c 2", pem("AAAA")],
    [
      "more than it counts: one of them stands in a field",
      "c 1",
      `Subject:O = x\n${pem("EVIL")}Issuer:y\n${pem("AAAA")}`,
    ],
    ["one that begins in a field", "c 1", `Subject:O = x\n-----BEGIN CERTIFICATE-----\nEVIL\nIssuer:y\n${pem("AAAA")}`],
    ["one that begins behind a carriage return", "c 1", `O = x\r-----BEGIN CERTIFICATE-----\rEVIL\r${pem("AAAA")}`],
    ["one that ends in a field", "c 1", `Subject:O = x\n-----END CERTIFICATE-----\n${pem("AAAA")}`],
    ["one that does not end", "c 1", "-----BEGIN CERTIFICATE-----\nAAAA\n"],
    ["a certificate of 200 KB", "c 1", pem(again(3200, "A".repeat(64)).join("\n"))],
  ])("%s: nothing is taken", (_, count, text) => {
    expect(leaves(said("begin 5", W1, count), text, said("c end", "rc 0 0", "end"))).toEqual([]);
  });

  test("a curl that died meanwhile: whatever else is told counts, the certificate does not", () => {
    const reply = sole(tell([said("begin 5", W1, "c 1"), pem("AAAA"), "Subj", `\n${said("rc 0 137", "end")}`]));
    expect([[...reply.leaves], [...reply.exits]]).toEqual([[], [[0, 137]]]);
  });

  test("a field may be longer than a line, in pieces or whole, and what follows it is not taken for its own line", () => {
    const long = `X509v3 Subject Alternative Name:${"DNS:x, ".repeat(20_000)}${N} end`;
    const text = [said(W1, "c 1"), `${long}\n${pem("AAAA")}`, said("c end", "end")].join("");
    for (const size of [1000, 16_384, 1_000_000]) {
      const pieces = Array.from({ length: Math.ceil(text.length / size) }, (_, at) =>
        text.slice(at * size, (at + 1) * size),
      );
      const told = tell([said("begin 5"), ...pieces]);
      expect([told.fault, told.events]).toEqual([null, ["begin", "end"]]);
      expect([...(told.replies[0]?.leaves ?? [])]).toEqual([[1, pem("AAAA")]]);
    }
  });

  test("the fields of a certificate forge no line", () => {
    const forged = `O = x\n${"f".repeat(32)} c end\nc end\nend\n ${N} end\n`;
    expect(leaves(said("begin 5", W1, "c 1"), forged, pem("AAAA"), said("c end", "end"))).toEqual([[1, pem("AAAA")]]);
  });
});

describe("what does not count", () => {
  test.each([
    ["another nonce", `${"f".repeat(32)} end\n`],
    ["no nonce", "end\n"],
    ["the nonce behind something", `x${N} end\n`],
    ["the nonce without a space", `${N}end\n`],
    ["the nonce in upper case", `${N.toUpperCase()} end\n`],
    ["a part of the nonce", `${N.slice(0, 31)} end\n`],
    ["what a registry may write", "X-Evil: \u001b[2J w 1 0 200 000 3 [1.1.1.1]\u0000\n"],
    ["NULs", "\0\0\0\n"],
  ])("%s", (_, noise) => {
    const told = tell([said("begin 5"), noise]);
    expect([told.fault, told.events, told.others.length]).toEqual([null, ["begin"], 1]);
  });
});

describe("what is refused", () => {
  const big = "1".repeat(7);
  test.each([
    ["nothing but noise", ["x".repeat(40_000), "\n", "y".repeat(40_000)], "more than 65536 bytes before it began"],
    ["a noisy line without end", [said("begin 5"), "x".repeat(10_000), "x".repeat(10_000)], "a line without an end"],
    [
      "a line of the grammar without end",
      [said("begin 5"), `${N} info os ${"x".repeat(20_000)}`],
      "a line without an end",
    ],
    ["an end before the beginning", [said("end")], "it does not begin"],
    ["a version that is no number", [said("begin x")], "it does not begin"],
    ["two beginnings", [said("begin 5", "begin 5")], "begins twice"],
    ["an unknown line", [said("begin 5", "hello")], "unknown line"],
    ["an empty line", [said("begin 5", "")], "unknown line"],
    ["upper-case hex", [said("begin 5", `d ${SHA.toUpperCase()} b1`)], "unknown line"],
    ["63 digits", [said("begin 5", `d ${SHA.slice(1)} b1`)], "unknown line"],
    ["65 digits", [said("begin 5", `d ${SHA}0 b1`)], "unknown line"],
    ["a path for a name", [said("begin 5", `d ${SHA} ../b1`)], "unknown line"],
    ["a hash of headers", [said("begin 5", `d ${SHA} h1`)], "unknown line"],
    ["two sums", [said("begin 5", `d ${SHA} b1`, `d ${SHA} *b1`)], "said twice"],
    ["two transfers with one number", [said("begin 5", "w 1 0 200 000 3 []", "w 1 0 200 000 3 []")], "said twice"],
    ["two exit statuses", [said("begin 5", "rc 0 0", "rc 0 0")], "said twice"],
    ["two lengths", [said("begin 5", "l 3 h1", "l 4 h1")], "said twice"],
    ["two of the same fact", [said("begin 5", "info os a", "info os b")], "said twice"],
    ["bytes twice", [said("begin 5", "l 1 h1", "raw"), "x", said("raw"), "y"], "said twice"],
    [
      "more bytes than the job may have",
      [said("begin 5", "l 900000 h1", "l 900000 b1", "raw")],
      "announces 1800000 bytes",
    ],
    ["a negative length", [said("begin 5", "l -1 h1")], "unknown line"],
    ["a length that no number holds", [said("begin 5", `l ${"9".repeat(16)} h1`)], "unknown line"],
    ["a transfer with a huge number", [said("begin 5", `w ${big} 0 200 000 3 []`)], "unknown line"],
    ["a status of four digits", [said("begin 5", "w 1 0 2000 000 3 []")], "unknown line"],
    ["a name for an address", [said("begin 5", "w 1 0 200 000 3 [evil.example]")], "unknown line"],
    ["a zone in an address", [said("begin 5", "w 1 0 200 000 3 [fe80::1%eth0]")], "unknown line"],
    ["a space behind", [said("begin 5", "end ")], "unknown line"],
    ["NUL behind", [said("begin 5", "end\0")], "unknown line"],
    ["certificates of no transfer", [said("begin 5", "c 1")], "certificates of no transfer"],
    ["an end of no certificates", [said("begin 5", W1, "c end")], "unknown line"],
    ["two ends of certificates", [said("begin 5", W1, "c 0", "c end", "c end")], "unknown line"],
    ["a thousand certificates", [said("begin 5", W1, "c 1000")], "unknown line"],
    [
      "two times the certificates of one transfer",
      [said("begin 5", W1, "c 1"), pem("A"), said("c end", "c 1"), pem("A"), said("c end")],
      "said twice",
    ],
    [
      "certificates of more transfers than asked for",
      [said("begin 5", W1, "c 0", "c end", W2, "c 0", "c end", "w 3 0 200 000 3 []", "c 0")],
      "certificates that nobody asked for",
    ],
    [
      "certificates without end",
      [said("begin 5", W1, "c 1"), ...again(1100, `${"x".repeat(1000)}\n`)],
      "too many bytes of certificates",
    ],
    [
      "a field without end",
      [said("begin 5", W1, "c 1"), ...again(70, "x".repeat(16_384))],
      "too many bytes of certificates",
    ],
    [
      "a line that counts without end, among certificates",
      [said("begin 5", W1, "c 1"), `${N} c ${"x".repeat(20_000)}`],
      "a line without an end",
    ],
    ["another lack", [said("begin 5", "lacks \u001b[2J")], "unknown line"],
  ])("%s", (_, pieces, why) => {
    const { fault } = tell(pieces);
    expect(fault).toMatchObject({ code: "E_VM_REPLY", stage: "ssh" });
    expect(fault?.message).toContain(why);

    expect(fault?.message).not.toMatch(/[\x00-\x1f\x7f]/);
    expect(fault?.message.length).toBeLessThan(300);
  });

  test("no bytes before they are allowed", () => {
    expect(tell([said("begin 5", "l 1 h1", "raw")], 0).fault?.message).toContain("announces 1 bytes");
  });

  test("whatever comes, it is taken or refused with E_VM_REPLY, and the memory it holds is bounded", () => {
    const words = fc.constantFrom(
      ...[
        "begin 5",
        "end",
        "bye",
        "raw",
        "l 3 h1",
        "l 5 b1",
        `d ${SHA} b1`,
        "w 1 0 200 000 3 []",
        "rc 0 0",
        "rc 1 5",
        "lacks directory",
        "info os x",
        "pong 1",
        "d  -",
        "c 1",
        "c end",
      ],
    );
    const piece = fc.oneof(
      words.map((word) => said(word)),
      fc.string({ unit: "binary", maxLength: 30 }),
      fc.constantFrom("\n", "\r", "\0", `${N} `, N.slice(0, 9)),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
        const whole = tell([pieces.join("")]);
        const bits = tell([...Buffer.from(pieces.join(""))].map((byte) => Uint8Array.of(byte)));
        expect([whole.fault?.code ?? null, whole.events, whole.others]).toEqual([
          bits.fault?.code ?? null,
          bits.events,
          bits.others,
        ]);
        if (whole.fault !== null) expect(whole.fault.code).toBe("E_VM_REPLY");
      }),
    );
  });
});

test("a long line of 1 GiB is refused after its first 16 KiB", () => {
  const chunk = Buffer.alloc(32 * 1024, "x");
  let fed = 0;
  const parser = new ReplyParser(N, {
    onBegin: () => undefined,
    onTransfer: () => undefined,
    onOther: () => undefined,
    onEnd: () => undefined,
    onBye: () => undefined,
  });
  parser.feed(Buffer.from(said("begin 5")));
  expect(() => {
    for (; fed < 2 ** 30; fed += chunk.length) parser.feed(chunk);
  }).toThrow("a line without an end");
  expect(fed).toBeLessThan(100_000);
});

test("the time that a document takes grows with its length, not with its square", () => {
  const take = (bytes: number): number => {
    const chunk = Buffer.alloc(1024, "x");
    const pieces = [
      said("begin 5", `l ${bytes} b1`, "raw"),
      ...Array.from({ length: bytes / 1024 }, () => chunk),
      said("end"),
    ];
    const start = performance.now();
    expect(sole(tell(pieces, bytes)).files.get("b1")?.length).toBe(bytes);
    return performance.now() - start;
  };
  take(1 << 20);
  const small = Math.min(take(1 << 22), take(1 << 22), take(1 << 22));
  // eight times as much; quadratic would be sixty-four
  expect(Math.min(take(1 << 25), take(1 << 25), take(1 << 25))).toBeLessThan(30 * small + 50);
});
