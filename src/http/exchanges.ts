import { Tofu3Error, visible } from "../errors.ts";
import type { Exchange } from "../model/progress.ts";
import type { Answer, Content, Link, Page, Query, Transport } from "./transport.ts";

export type TellExchange = (exchange: Exchange) => void;

/** What a job has asked so far, by URL without query; forgotten in the end, so that no registry can fill the memory. */
interface Asked {
  readonly attempts: Map<string, number>;
  /** Where redirects led, and which hop of its request the next one there is. */
  readonly hops: Map<string, number>;
}

const MOST_URLS = 10_000;

/** The same link; every exchange of its jobs is told when it ends. */
export function watchLink(link: Link, worker: string, tell: TellExchange): Link {
  return {
    ...(link.warm === undefined ? {} : { warm: (signal) => link.warm?.(signal) ?? Promise.resolve() }),
    begin: (registry, question) => watchTransport(link.begin(registry, question), worker, tell),
    close: () => link.close(),
  };
}

export function watchTransport(transport: Transport, worker: string, tell: TellExchange): Transport {
  const asked: Asked = { attempts: new Map(), hops: new Map() };
  const timed = <A extends Answer>(query: Query, answer: Promise<A>, bytesOf: (answer: A) => number): Promise<A> => {
    const start = performance.now();
    const what = { worker, ...namesOf(query, asked) };
    const ms = (): number => Math.round(performance.now() - start);
    return answer.then(
      (given) => {
        const location = locationOf(query, given);
        if (location !== null) remember(asked.hops, location, what.hop + 1);
        const fault = "cut" in given && given.cut instanceof Tofu3Error ? given.cut.code : null;
        tell({ ...what, status: given.status, bytes: bytesOf(given), ms: ms(), location, fault });
        return given;
      },
      (thrown: unknown) => {
        const fault = thrown instanceof Tofu3Error ? thrown.code : "E_BUG";
        tell({ ...what, status: null, bytes: 0, ms: ms(), location: null, fault });
        throw thrown;
      },
    );
  };
  const measured = (query: Query, before: number, content: Promise<Content>): Promise<Content> =>
    timed(query, content, ({ size, head }) => (size > before ? size - before : head.length)).then((given) => ({
      ...given,
      more: moreOf(given),
    }));
  const moreOf = ({ more, size }: Content): Content["more"] =>
    more === null ? null : (query, signal) => measured(query, size, more(query, signal));
  return {
    open: (signal) => transport.open(signal),
    read: (query, signal) => timed<Page>(query, transport.read(query, signal), ({ body }) => body.length),
    measure: (query, signal) => measured(query, 0, transport.measure(query, signal)),
    end: () => transport.end(),
    ...(transport.receipts === undefined ? {} : { receipts: transport.receipts }),
  };
}

function namesOf(query: Query, { attempts, hops }: Asked): Pick<Exchange, "method" | "url" | "hop" | "attempt"> {
  const method = query.method ?? (query.form === undefined ? "GET" : "POST");
  const url = plainUrl(query.url);
  const key = `${method} ${url}`;
  const attempt = (attempts.get(key) ?? 0) + 1;
  remember(attempts, key, attempt);
  return { method, url, hop: hops.get(url) ?? 0, attempt };
}

function remember(map: Map<string, number>, key: string, value: number): void {
  if (map.size >= MOST_URLS) map.clear();
  map.set(key, value);
}

/** Signed URLs carry their secret in the query, and others in the userinfo. */
function plainUrl(text: string): string {
  const { origin, pathname } = new URL(text);
  return visible(origin + pathname, 500);
}

function locationOf(query: Query, { status, headers }: Answer): string | null {
  const location = headers.find(([name]) => name === "location")?.[1];
  if (status < 300 || status > 399 || location === undefined || !URL.canParse(location, query.url)) return null;
  return plainUrl(new URL(location, query.url).href);
}
