import { EventEmitter } from "node:events";
import { expect, test } from "vitest";
import type { Client, ClientChannel } from "ssh2";
import type { Page } from "../../src/http/transport.ts";
import { openFirstShell } from "../../src/ssh/openshell.ts";
import { Pool } from "../../src/ssh/pool.ts";
import type { Owner } from "../../src/ssh/queue.ts";
import { never, queryFor, until } from "../http/rawserver.ts";
import { GREETING } from "./fakevm.ts";
import { LIMITS } from "./sshlab.ts";

type Opened = (error: Error | undefined, channel?: ClientChannel) => void;

/** A shell in memory: greets, answers 404 to every document unless it holds its answers, and ends as it is told to. */
class FakeShell extends EventEmitter {
  readonly stderr = new EventEmitter();
  readonly stdin = Object.assign(new EventEmitter(), { destroy: () => undefined });
  readonly asked: string[] = [];
  holds = false;
  #nonce = "";
  #left = false;

  write(text: string): void {
    for (const line of text.split("\n").slice(0, -1)) {
      if (this.#nonce === "") {
        this.#nonce = line;
        this.say(...GREETING);
      } else {
        this.asked.push(line);
        if (line.startsWith("b") && line !== "bye" && !this.holds) this.answer();
      }
    }
  }

  get saidBye(): boolean {
    return this.asked.includes("bye");
  }

  answer(): void {
    const head = "HTTP/1.1 404 No\r\n\r\n";
    this.#print(`w 1 0 404 000 0 []`, "rc 0 0", `l ${head.length} h1`, "raw");
    setImmediate(() => {
      this.emit("data", Buffer.from(head));
      this.#print("end");
    });
  }

  say(...lines: string[]): void {
    setImmediate(() => this.#print(...lines));
  }

  /** In one turn of the event loop, as when all of it arrives in one packet. */
  leave(status: number): void {
    this.#print("bye");
    this.emit("exit", status);
    this.close();
  }

  close(): void {
    if (this.#left) return;
    this.#left = true;
    this.emit("close");
  }

  #print(...lines: string[]): void {
    this.emit("data", Buffer.from(lines.map((line) => `${this.#nonce} ${line}\n`).join("")));
  }
}

interface FakeVm {
  readonly pool: Pool;
  readonly first: FakeShell;
  /** Attempts to open a shell that wait for an answer. */
  readonly opening: Opened[];
  readonly open: () => FakeShell;
  readonly refuse: () => void;
}

function channelOf(shell: FakeShell): ClientChannel {
  return shell as unknown as ClientChannel;
}

async function startPool(): Promise<FakeVm> {
  const opening: Opened[] = [];
  const client = { exec: (_: string, opened: Opened) => void opening.push(opened) } as unknown as Client;
  const surroundings = { worker: "fra", client, lost: () => null };
  const next = (): Opened => opening.shift() ?? expect.fail("no shell is being opened");
  const open = (): FakeShell => {
    const shell = new FakeShell();
    next()(undefined, channelOf(shell));
    return shell;
  };
  const greeted = openFirstShell(surroundings, never);
  const first = open();
  const connection = { client, hostKey: "", lost: new Promise<string>(() => undefined), close: () => undefined };
  const settings = { limits: LIMITS, proxy: null, parallel: true, reportsApart: true, certifies: true };
  const pool = new Pool({ connection, surroundings, settings, connectSeconds: 20 }, (await greeted).shell);
  return { pool, first, opening, open, refuse: () => next()(new Error("open failed")) };
}

class Job implements Owner {
  readonly registry: string;
  readonly certified = new Map();
  readonly question = null;
  readonly signed = [];
  readonly #pool: Pool;
  readonly #over = new AbortController();

  constructor(pool: Pool, registry: string) {
    this.#pool = pool;
    this.registry = registry;
    pool.admit(this);
  }

  get over(): AbortSignal {
    return this.#over.signal;
  }

  read(key = "", signal = never): Promise<Page> {
    const query = queryFor(`http://${this.registry}/`);
    return new Promise((resolve, reject) => {
      const what = { kind: "read", query, owner: this, key: this.registry + key, alone: false, signal } as const;
      this.#pool.enqueue({ ...what, resolve, reject });
    });
  }

  end(): Promise<void> {
    this.#over.abort(new Error("over"));
    return this.#pool.release(this);
  }
}

test.each(Array.from({ length: 16 }, (_, i) => i))(
  "a job that ends %d microtasks after its shell has ended uncleanly is void",
  async (microtasks) => {
    const { pool, first, opening, refuse } = await startPool();
    const [job, other] = [new Job(pool, "a"), new Job(pool, "b")];
    await job.read();
    other.read().catch(() => undefined);
    await until(() => opening.length > 0);
    refuse();
    await until(() => first.saidBye);
    first.leave(1);
    for (let i = 0; i < microtasks; i++) await Promise.resolve();
    await expect(job.end()).rejects.toMatchObject({ code: "E_VM_REPLY" });
  },
);

test("a shell that was refused beside another one is asked for again when that one has gone", async () => {
  const { pool, first, opening, open, refuse } = await startPool();
  const [hasty, other] = [new Job(pool, "a"), new Job(pool, "b")];
  const stop = new AbortController();
  first.holds = true;
  const abandoned = hasty.read("", stop.signal).catch(() => undefined);
  await until(() => first.asked.length > 0);
  const page = other.read();
  await until(() => opening.length > 0);
  stop.abort(new Error("enough"));
  await abandoned;
  refuse();
  const asked = until(() => opening.length > 0).then(open);
  expect((await page).status).toBe(404);
  await asked;
});

test("shells that nobody used end with the last jobs, even if these end at the same time", async () => {
  const { pool, first, opening, open } = await startPool();
  const jobs = [new Job(pool, "a"), new Job(pool, "a")] as const;
  first.holds = true;
  const pages = [jobs[0].read("1"), jobs[0].read("2")];
  await until(() => opening.length > 0);
  first.holds = false;
  first.answer();
  await Promise.all(pages);
  const unused = open();
  await new Promise((resolve) => setTimeout(resolve, 20));
  const ends = jobs.map((job) => job.end());
  await until(() => first.saidBye);
  first.leave(0);
  await Promise.all(ends);
  expect(unused.saidBye).toBe(true);
});
