import type { Because } from "../../model/diagnosis.ts";
import type { Observation } from "../../model/observation.ts";

/**
 * Who certifies: the organisation of a distinguished name, since one authority signs with several intermediates; the
 * whole name where it has none. RFC 4514
 */
function authorityOf(issuer: string): string {
  return /(?:^|[,+]\s*)O\s*=\s*((?:\\.|[^,+\\])+)/.exec(issuer)?.[1]?.trim() ?? issuer;
}

/**
 * A host whose certificate comes from another authority at the odd workers than at all others: somebody on their way
 * reads along, with an authority that they were made to trust. Other leaf certificates are normal: every edge of a CDN
 * has its own.
 */
export function otherIssuer(observations: readonly Observation[], odd: readonly string[]): Because | null {
  const seen = (isOdd: boolean, host: string): readonly string[] =>
    observations
      .filter(({ worker }) => odd.includes(worker) === isOdd)
      .flatMap(({ evidence }) =>
        evidence.certificates.filter((each) => each.host === host).map(({ issuer }) => issuer),
      );
  const hosts = new Set(observations.flatMap(({ evidence }) => evidence.certificates.map(({ host }) => host)));
  for (const host of [...hosts].sort()) {
    const [mine, theirs] = [seen(true, host), seen(false, host)];
    const [one, other] = [mine[0], theirs[0]];
    const known = new Set(theirs.map(authorityOf));
    if (one === undefined || other === undefined || known.size !== 1) continue;
    if (mine.every((issuer) => !known.has(authorityOf(issuer))))
      return { kind: "issuer", host, odd: one, others: other };
  }
  return null;
}
