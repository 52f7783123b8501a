import { Tofu3Error, visible } from "../../errors.ts";
import type { Limits } from "../../model/job.ts";
import { Secret } from "../../secret.ts";
import { SLOWEST_BYTES_PER_SECOND } from "../../http/speed.ts";
import type { Proxy } from "../../http/proxy.ts";
import type { Query } from "../../http/transport.ts";

/**
 * A value as curl's configuration parser reads it back unchanged: printable ASCII only, `\` and `"` escaped. Throws
 * E_FRAMING, which never says the value.
 */
export function quoted(value: string): string {
  const [odd] = /[^\x20-\x7e]/u.exec(value) ?? [];
  if (odd !== undefined) {
    throw new Tofu3Error(
      "E_FRAMING",
      `a request would hold a character that is not printable ASCII: "${visible(odd)}"`,
      {
        stage: "http",
      },
    );
  }
  return `"${value.replace(/[\\"]/g, (c) => `\\${c}`)}"`;
}

/**
 * The same for headers and URLs, in which the script takes nothing that may be a line break to curl. Throws E_FRAMING,
 * which never says the value.
 */
export function unbroken(value: string): string {
  const text = quoted(value);
  if (!/\\[nrtv]/.test(text)) return text;
  throw new Tofu3Error("E_FRAMING", "a request would hold a backslash before one of the letters n, r, t and v", {
    stage: "http",
  });
}

/** What every request of one worker has in common. */
export interface CurlSettings {
  readonly limits: Limits;
  readonly proxy: Proxy | null;
  /** The VM's curl has --parallel with an exit code for each transfer (7.75). */
  readonly parallel: boolean;
  /** Its report of a transfer can go to stderr (7.63), away from the body. */
  readonly reportsApart: boolean;
  /** It can print the certificates of a server (7.88). */
  readonly certifies: boolean;
}

/**
 * The options of one request as lines of `curl -K -`, without its URL and without those that the script itself gives to
 * every curl. The script accepts no others. The same text for queries that may share one batch. `ca` is the file on the VM that holds the authority of the registry. Holds revealed secrets: it goes to the
 * VM's curl over stdin and nowhere else.
 */
export function curlOptions(query: Query, settings: CurlSettings): readonly string[] {
  const { limits } = settings;
  if (query.trust?.clientCertificate) {
    throw new Tofu3Error("E_TLS", "this registry wants a client certificate, and a private key never goes to a VM", {
      stage: "tls",
      hint: "only a local worker can present clientCertificate; give the VMs a way in that needs none",
    });
  }
  return [
    ...(query.method === "HEAD" ? ["head"] : []),
    ...(settings.proxy === null
      ? ['noproxy = "*"']
      : [`proxy = ${quoted(settings.proxy.url.reveal())}`, 'noproxy = ""']),
    // the script knows names in lower case; to servers it is the same (RFC 9110 §5.1)
    ...query.headers.map(
      ([name, value]) =>
        `header = ${unbroken(`${name.toLowerCase()}: ${value instanceof Secret ? value.reveal() : value}`)}`,
    ),
    // no `Expect: 100-continue`, which would wait for a 100
    ...(query.form === undefined ? [] : [`data-raw = ${quoted(query.form.reveal())}`, 'header = "expect:"']),
    ...(query.trust?.ca ? ['cacert = "ca"'] : []),
    `connect-timeout = ${limits.connectSeconds}`,
    `speed-time = ${limits.idleSeconds}`,
    `speed-limit = ${SLOWEST_BYTES_PER_SECOND}`,
    `max-time = ${limits.totalSeconds}`,
  ];
}
