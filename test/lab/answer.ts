import { request as httpRequest, type IncomingMessage, type OutgoingHttpHeaders } from "node:http";

/** An answer as it came over the wire. */
export interface Answer {
  readonly status: number;
  readonly reason: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: Buffer;
  /** False: the connection broke before the end of the body. */
  readonly isWhole: boolean;
}

export interface Question {
  readonly method?: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: Uint8Array | string;
  readonly signal?: AbortSignal;
}

/** One request on a connection of its own, at exactly this path; no redirect is followed. Rejects without headers. */
export async function answerOf(base: string, path: string, question: Question = {}): Promise<Answer> {
  const { hostname, port } = new URL(base);
  const { method = "GET", headers, body, signal } = question;
  return new Promise((resolve, reject) => {
    const options = { hostname, port, path, method, headers: headers ?? {}, agent: false as const };
    const request = httpRequest({ ...options, ...(signal === undefined ? {} : { signal }) }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", () => undefined);
      response.once("close", () =>
        resolve({
          status: response.statusCode ?? 0,
          reason: response.statusMessage ?? "",
          headers: response.headers,
          body: Buffer.concat(chunks),
          isWhole: response.complete,
        }),
      );
    });
    request.once("error", reject);
    request.end(body);
  });
}
