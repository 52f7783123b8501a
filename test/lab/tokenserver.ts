import { createSign, randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { Certificate } from "./authority.ts";
import { runTool } from "./processes.ts";

export interface TokenServerOptions {
  /** Who may pull and push; everybody else may pull when `anonymous` is true. */
  readonly users?: readonly { readonly user: string; readonly password: string }[];
  readonly anonymous?: boolean;
  /** Name of the answer's member; registries use either. */
  readonly member?: "token" | "access_token";
  /** Seconds, as the answer says them; docker-registry itself allows a minute more. */
  readonly expiresIn?: number;
  /** Refresh token that is good for a POST (the "identity token" of a docker config), as the first user. */
  readonly identityToken?: string;
}

export interface TokenServer {
  readonly realm: string;
  readonly service: string;
  readonly issuer: string;
  /** What docker-registry checks the tokens with (`rootcertbundle`). */
  readonly certificateFile: string;
  /** Requests so far: method, query or form, and the user that was named (null: anonymous). */
  readonly requests: {
    readonly method: string;
    readonly parameters: URLSearchParams;
    readonly user: string | null;
    readonly granted: boolean;
  }[];
  readonly stop: () => Promise<void>;
}

interface Access {
  type: string;
  name: string;
  actions: string[];
}

function userOf(request: IncomingMessage): { user: string; password: string } | null {
  const [, encoded] = /^Basic (.+)$/i.exec(request.headers.authorization ?? "") ?? [];
  if (encoded === undefined) return null;
  const [user = "", ...password] = Buffer.from(encoded, "base64").toString("utf8").split(":");
  return { user, password: password.join(":") };
}

/** `repository:a/b:pull,push` for each scope, cut down to what may be done. */
function accessOf(parameters: URLSearchParams, mayPush: boolean): Access[] {
  return parameters
    .getAll("scope")
    .flatMap((scopes) => scopes.split(" "))
    .flatMap((scope) => {
      const [, type, name, actions] = /^([a-z]+):(.+):([a-z*,]*)$/.exec(scope) ?? [];
      if (type === undefined || name === undefined || actions === undefined) return [];
      return [{ type, name, actions: actions.split(",").filter((action) => action === "pull" || mayPush) }];
    });
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}

/** Signs with RS256; the certificate travels in the header, as docker-registry 2.8 wants it. */
function signToken(claims: object, keyFile: string, certificateFile: string): string {
  const der = readFileSync(certificateFile, "utf8").replace(/-----[^-]+-----|\s/g, "");
  const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  const text = `${encode({ typ: "JWT", alg: "RS256", x5c: [der] })}.${encode(claims)}`;
  return `${text}.${createSign("RSA-SHA256").update(text).sign(readFileSync(keyFile)).toString("base64url")}`;
}

/**
 * A small token server after distribution's token specification: GET with Basic or nobody, POST with a refresh token.
 */
export async function startTokenServer(
  options: TokenServerOptions & { folder: string; certificate: Certificate | null },
): Promise<TokenServer> {
  const certificateFile = join(options.folder, "token.pem");
  const keyFile = join(options.folder, "token.key");
  const make = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", "/CN=tofu3 lab tokens"];
  await runTool("openssl", [...make, "-keyout", keyFile, "-out", certificateFile]);
  const service = "lab-registry";
  const issuer = "lab-issuer";
  const requests: TokenServer["requests"] = [];
  async function decide(request: IncomingMessage): Promise<{ status: number; body: object }> {
    const url = new URL(request.url ?? "/", "http://token.lab");
    const method = request.method ?? "GET";
    const parameters = method === "POST" ? new URLSearchParams(await bodyOf(request)) : url.searchParams;
    const named = userOf(request);
    const refresh =
      method === "POST" &&
      options.identityToken !== undefined &&
      parameters.get("refresh_token") === options.identityToken;
    const known =
      refresh || (options.users ?? []).some((each) => each.user === named?.user && each.password === named.password);
    const granted = known || (named === null && method === "GET" && options.anonymous === true);
    requests.push({ method, parameters, user: named?.user ?? null, granted });
    if (!granted)
      return { status: 401, body: { errors: [{ code: "UNAUTHORIZED", message: "incorrect username or password" }] } };
    const now = Math.floor(Date.now() / 1000);
    const lasts = options.expiresIn ?? 300;
    const times = { nbf: now - 10, iat: now, exp: now + lasts };
    const subject = named?.user ?? (refresh ? (options.users?.[0]?.user ?? "") : "");
    const claims = {
      iss: issuer,
      sub: subject,
      aud: service,
      jti: randomUUID(),
      ...times,
      access: accessOf(parameters, known),
    };
    const token = signToken(claims, keyFile, certificateFile);
    return {
      status: 200,
      body: { [options.member ?? "token"]: token, expires_in: lasts, issued_at: new Date(now * 1000).toISOString() },
    };
  }
  const tls = options.certificate;
  const server =
    tls === null
      ? createServer()
      : createTlsServer({ cert: readFileSync(tls.certificateFile), key: readFileSync(tls.keyFile) });
  server.on("request", (request, response) => {
    void decide(request).then(({ status, body }) => {
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    realm: `${tls === null ? "http" : "https"}://127.0.0.1:${(server.address() as AddressInfo).port}/token`,
    service,
    issuer,
    certificateFile,
    requests,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
