import type { Say } from "./rawserver.ts";

/** One answer to a HEAD, in its bytes, and what both engines make of it. */
interface Row {
  readonly what: string;
  readonly say: string;
  readonly status: number;
  readonly headers?: readonly (readonly [name: string, value: string])[];
}

const TYPE = "application/vnd.oci.image.index.v1+json";

/** Each is the whole of what the server says; the connection stays open behind it. */
export const heads: readonly Row[] = [
  {
    what: "a length, of a body that does not follow",
    say: `HTTP/1.1 200 OK\r\nContent-Type: ${TYPE}\r\nContent-Length: 123456\r\n\r\n`,
    status: 200,
    headers: [
      ["content-type", TYPE],
      ["content-length", "123456"],
    ],
  },
  {
    what: "a length beyond what is allowed for the body",
    say: "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n",
    status: 200,
    headers: [["content-length", "99999999999"]],
  },
  { what: "chunks that do not follow", say: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", status: 200 },
  { what: "no length at all", say: "HTTP/1.1 200 OK\r\nConnection: keep-alive\r\n\r\n", status: 200 },
  { what: "an encoding", say: "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 9\r\n\r\n", status: 200 },
  { what: "404", say: "HTTP/1.1 404 Not Found\r\nContent-Length: 70\r\n\r\n", status: 404 },
  { what: "405", say: "HTTP/1.1 405 Method Not Allowed\r\nAllow: GET\r\nContent-Length: 0\r\n\r\n", status: 405 },
  {
    what: "a redirect, which is not followed",
    say: "HTTP/1.1 307 Temporary Redirect\r\nLocation: /elsewhere\r\nContent-Length: 20\r\n\r\n",
    status: 307,
    headers: [["location", "/elsewhere"]],
  },
  { what: "an interim answer first", say: "HTTP/1.1 103 X\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", status: 200 },
  {
    what: "a body that nobody asked for",
    say: "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
    status: 200,
  },
  {
    what: "an error page that nobody asked for",
    say: "HTTP/1.1 404 Not Found\r\nContent-Length: 5\r\n\r\nhello",
    status: 404,
  },
]; // prettier-ignore

/** Answers a HEAD with these bytes, anything else with a short document. */
export function answersHead(bytes: string): Say {
  return (socket, request) => {
    if (request.startsWith("HEAD ")) socket.write(bytes);
    else socket.write("HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\ndocument");
  };
}
