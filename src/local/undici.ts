import { createRequire } from "node:module";
import type * as Undici from "undici";

// The whole of undici brings fetch, WebSockets, caches and mocks, and takes three times as long to load. These
// inner modules come without types of their own.
const load = createRequire(import.meta.url);

export const Agent = load("undici/lib/dispatcher/agent.js") as typeof Undici.Agent;
export const Client = load("undici/lib/dispatcher/client.js") as typeof Undici.Client;
export const Pool = load("undici/lib/dispatcher/pool.js") as typeof Undici.Pool;
export const { HTTPParserError } = load("undici/lib/core/errors.js") as typeof Undici.errors;
