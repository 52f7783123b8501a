import type { Distinct } from "../model/policy.ts";
import type { Indistinct } from "../model/verdict.ts";
import { samenessText } from "./sentence.ts";

/** What there is to measure with. */
export interface Means {
  readonly echo: boolean;
  readonly asn: boolean;
  readonly country: boolean;
}

/** What the workers could be required to differ in, and what is in the way of the next. */
export interface Standing {
  readonly meets: readonly Distinct[];
  readonly next: { readonly distinct: Distinct; readonly found: readonly Indistinct[] } | null;
}

const ONE_EACH = "give each worker a machine of its own";
const LOOK = "see above what the services said";

/** What to do about it; exhaustive by its type. */
export const TODO: Readonly<Record<Indistinct["why"], string>> = {
  "host key": `${ONE_EACH}; if one is a copy of the other, make new host keys on it: rm /etc/ssh/ssh_host_*; ssh-keygen -A`,
  machine: `${ONE_EACH}; if one is a copy of the other: rm -f /etc/machine-id /var/lib/dbus/machine-id; systemd-machine-id-setup`,
  "unknown machine": "give it an identity: systemd-machine-id-setup, or dbus-uuidgen --ensure=/etc/machine-id",
  network: "give each its own way out: another network, or a proxy of its own",
  "unknown network": "name echo services under policy.echo that every worker reaches",
  asn: "move one of them to another provider",
  "unknown asn": "the exit address has to be known, and be in the table under policy.geo.asn",
  country: "move one of them to another country",
  "unknown country": "the exit address has to be known, and be in the table under policy.geo.country",
};

/** `meets: machine; network: not known – name an echo service under policy.echo` */
export function standingText({ meets, next }: Standing, means: Means): string {
  const met = `meets: ${meets.length === 0 ? "nothing yet" : meets.join(", ")}`;
  return next === null ? met : `${met}; ${next.distinct}: ${needsText(next, means)}`;
}

/** What would meet it, in words. */
export function needsText({ distinct, found }: NonNullable<Standing["next"]>, means: Means): string {
  if (found.length === 0) return "not known – every worker has to be usable first";
  if (distinct !== "machine" && !means.echo && found.some(({ why }) => why.startsWith("unknown")))
    return "not known – name an echo service under policy.echo";
  if ((distinct === "asn" || distinct === "country") && !means[distinct])
    return `not known – name a table under policy.geo.${distinct}`;
  const texts = found.map(
    (each) => `${samenessText(each)} – ${each.why === "unknown network" ? LOOK : TODO[each.why]}`,
  );
  return texts.join(", and ");
}
