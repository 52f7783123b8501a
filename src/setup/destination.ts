import { isIPv6 } from "node:net";
import { isHost } from "../config/schema.ts";
import { Tofu3Error, visible } from "../errors.ts";

/** A machine as ssh takes it. No part begins with a dash, so none can be read as an option of ssh. */
export interface Destination {
  readonly user: string | null;
  /** A name, an alias of ~/.ssh/config, or an address without brackets. */
  readonly host: string;
  readonly port: number | null;
}

/** A user of any machine, without what OpenSSH 9.6 refuses in one: the user's ProxyCommand would hand it to a shell. */
const LOGIN = /^(?!-|.*['"`;&<>|(){}]|.*\\$)[\x21-\x39\x3b-\x3f\x41-\x7e]{1,64}$/;

/** `[USER@]HOST[:PORT]`; an IPv6 address with a port needs brackets. Throws E_USAGE. */
export function parseDestination(text: string): Destination {
  const at = text.lastIndexOf("@");
  const [user, place] = at === -1 ? [null, text] : [text.slice(0, at), text.slice(at + 1)];
  const [, bracketed, plain = "", port] = /^(?:\[([^\][]*)\]|([^:[\]]*))(?::([0-9]{1,5}))?$/.exec(place) ?? [];
  const host = isIPv6(place) ? place : (bracketed ?? plain);
  const number = port === undefined ? null : Number(port);
  const isRight =
    isHost(host) &&
    (bracketed === undefined || isIPv6(host)) &&
    (user === null || LOGIN.test(user)) &&
    (number === null || (number > 0 && number < 65536));
  if (isRight) return { user, host, port: number };
  throw new Tofu3Error("E_USAGE", `not a machine: ${JSON.stringify(visible(text, 100))}`, {
    hint: "[USER@]HOST[:PORT], where HOST is a name, an address (IPv6 with a port in brackets) or an alias of ~/.ssh/config",
  });
}

/** The same as ssh's words, to come before the command. */
export function sshWords({ user, host, port }: Destination): readonly string[] {
  return [...(port === null ? [] : ["-p", String(port)]), ...(user === null ? [] : ["-l", user]), "--", host];
}

/** The name for a worker that is not given any: the first part of its host's name. */
export function nameFor({ host }: Destination): string {
  const name = isIPv6(host) || /^[0-9.]+$/.test(host) ? host : host.split(".", 1).join("");
  return name.replace(/[^A-Za-z0-9._-]/g, "-").slice(0, 32);
}
