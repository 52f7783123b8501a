import { request as httpRequest } from "node:http";
import type { Scripted } from "./liar-answer.ts";
import type { LiarRequest } from "./liar.ts";

/** What the server that the request was meant for answers, word for word. */
export async function relay({ method, target, host, headers }: LiarRequest): Promise<Scripted> {
  const [hostname = "", port = "80"] = host.split(":");
  return new Promise((resolve, reject) => {
    const asked = httpRequest({ hostname, port, method, path: target, headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.once("error", reject);
      response.once("end", () => {
        const given = response.rawHeaders.flatMap((name, at, all): [string, string][] =>
          at % 2 === 0 && !/^(?:content-length|connection|transfer-encoding)$/i.test(name)
            ? [[name, all[at + 1] ?? ""]]
            : [],
        );
        const length = method === "HEAD" ? { length: Number(response.headers["content-length"] ?? 0) } : {};
        resolve({ status: response.statusCode ?? 0, headers: given, body: Buffer.concat(chunks), ...length });
      });
    });
    asked.once("error", reject);
    asked.end();
  });
}

/**
 * A place whose truth changes as it is looked at: before the look with this number, counted over all vantages from 1,
 * `change` is done, and whoever looks waits for it. Looks are answered one after the other.
 */
export function changing(changes: Readonly<Record<number, () => Promise<void>>>): {
  readonly answer: (request: LiarRequest) => Promise<Scripted>;
  readonly looks: () => number;
} {
  let turn: Promise<unknown> = Promise.resolve();
  let looks = 0;
  const look = async (request: LiarRequest): Promise<Scripted> => {
    looks += 1;
    await changes[looks]?.();
    return relay(request);
  };
  return {
    answer: (request) => {
      const mine = turn.then(() => look(request));
      turn = mine.catch(() => undefined);
      return mine;
    },
    looks: () => looks,
  };
}
