import { describe, expect, test } from "vitest";
import { answersHead, heads } from "../http/heads.ts";
import { faultOf, never, queryFor, startRawServer, transportWith } from "../http/rawserver.ts";

describe("HEAD", () => {
  test.concurrent.each(heads)("$what: $status", async ({ say, status, headers = [] }) => {
    const server = await startRawServer(answersHead(say));
    const transport = transportWith();
    const ask = (method?: "HEAD") =>
      transport.read(queryFor(server.url, { maxBytes: 100, ...(method && { method }) }), never);
    for (let round = 0; round < 3; round++) {
      const page = await ask("HEAD");
      expect(page).toMatchObject({ status, address: "127.0.0.1", body: Buffer.alloc(0) });
      expect(page.headers).toEqual(expect.arrayContaining([...headers]));
      expect(Buffer.from((await ask()).body).toString()).toBe("document");
    }
    expect(server.requests.map((each) => each.split(" ")[0])).toEqual(["HEAD", "GET", "HEAD", "GET", "HEAD", "GET"]);
    await transport.close();
    await server.close();
  });

  test("one connection serves many, and another one all documents", async () => {
    const server = await startRawServer(answersHead("HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n"));
    const transport = transportWith();
    for (let round = 0; round < 5; round++) {
      await transport.read(queryFor(server.url, { method: "HEAD" }), never);
      await transport.read(queryFor(server.url), never);
    }
    expect(server.counts.accepted).toBe(2);
    await transport.close();
    await server.close();
  });

  test("a body that comes late spoils no document", async () => {
    let late: () => void = () => undefined;
    const server = await startRawServer((socket, request) => {
      if (!request.startsWith("HEAD ")) socket.write("HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\ndocument");
      else socket.write("HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\n");
      if (request.startsWith("HEAD "))
        late = () => void socket.write("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nlies");
      else late();
    });
    const transport = transportWith();
    for (let round = 0; round < 5; round++) {
      await transport.read(queryFor(server.url, { method: "HEAD" }), never);
      const page = await transport.read(queryFor(server.url), never);
      expect(Buffer.from(page.body).toString()).toBe("document");
    }
    await transport.close();
    await server.close();
  });

  test("headers that are not HTTP, or end early, are a fault as ever", async () => {
    for (const [bytes, code] of [
      ["HTTP/1.1 200 OK\nContent-Length: 7\r\n\r\n", "E_FRAMING"],
      ["HTTP/1.1 200 OK\r\nContent-Le", "E_CUT"],
    ] as const) {
      const server = await startRawServer((socket) => void socket.end(bytes));
      const transport = transportWith();
      expect(await faultOf(transport.read(queryFor(server.url, { method: "HEAD" }), never))).toMatchObject({ code });
      await transport.close();
      await server.close();
    }
  });
});
