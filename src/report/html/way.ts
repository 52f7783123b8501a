import type { Evidence } from "../../model/evidence.ts";
import { hostKeyDoubt } from "../../model/impostor.ts";
import type { Notes, Observation } from "../../model/observation.ts";
import { isFine, oddOnes } from "../odd.ts";
import { faultText, outcomeWord, remarksOf, tallyOf } from "../tally.ts";
import { bytesText, counted, listed, shortener } from "../text.ts";
import { html, NOTHING, type Html } from "./markup.ts";
import { toneOf, type Tone } from "./verdict.ts";

const MOST = 5;

/** The vantages side by side, each with the stations of its way: machine, exit, TLS, servers, and what it saw. */
export function renderWay(evidence: Evidence): Html {
  const { observations, differences, policy } = evidence;
  const odd = oddOnes(differences, observations.length);
  const short = shortener(observations.flatMap(({ digest }) => digest ?? []));
  const distinct =
    policy.distinct.length === 0
      ? NOTHING
      : html`<p>The policy wants workers that differ in ${policy.distinct.join(", ")}: ${policy.met ? "they do" : "not shown to be so"}.</p>
`;
  const cards = observations.map((observation) => {
    const where = odd.get(observation.worker);
    const fine = isFine(observation, odd, differences);
    const doubt = hostKeyDoubt(observation.error);
    const tone = where !== undefined ? toneOf(evidence.outcome) : doubt !== null ? "bad" : fine ? "good" : "unsure";
    return card({ observation, tone, word: where ?? outcomeWord(observation), all: observations, short });
  });
  return html`${distinct}<ul class="cards">
${cards}</ul>
`;
}

interface Card {
  readonly observation: Observation;
  readonly tone: Tone;
  readonly word: string;
  readonly all: readonly Observation[];
  readonly short: (digest: string) => string;
}

function card({ observation, tone, word, all, short }: Card): Html {
  const { worker, via, evidence } = observation;
  const stations = [
    ["Machine", machine(observation)],
    ["Leaves by", exit(evidence)],
    ["TLS certificate", certificates(evidence)],
    ["Answered by", servers(evidence)],
    ["Saw", saw(observation, all, short)],
  ] as const;
  return html`<li class="card ${tone}">
<h3>${worker} <small>${via === "local" ? "this machine" : "by SSH"}</small></h3>
<p class="${tone}">${MARKS[tone]} ${word}</p>
<dl class="way">
${stations.map(
  ([title, said]) => html`<div><dt>${title}</dt>${lines(said).map((each) => html`<dd>${each}</dd>`)}</div>
`,
)}</dl>
</li>
`;
}

const MARKS: Readonly<Record<Tone, string>> = { good: "✓", bad: "≠", unsure: "–" };

function machine({ via, evidence: { hostKey, tools } }: Observation): readonly string[] {
  const machine = via === "local" ? "where tofu3 runs" : hostKey === null ? "not reached" : `host key ${hostKey}`;
  return tools.length === 0 ? [machine] : [machine, tools.join(", ")];
}

function exit({ exit: seen }: Notes): readonly string[] {
  if (seen === null) return ["not asked: no policy needs it"];
  if (seen.doubt !== null) return [`not known: ${seen.doubt}`];
  const place = [seen.country, seen.asn].filter((each) => each !== null).join(", ");
  return [...seen.addresses, place].filter((each) => each !== "");
}

function certificates({ certificates: all }: Notes): readonly string[] {
  if (all.length === 0) return ["none was shown"];
  const hosts = new Map<string, string[]>();
  for (const { host, issuer } of all) hosts.set(issuer, [...(hosts.get(issuer) ?? []), host]);
  return [...hosts].map(([issuer, named]) => `issued by ${issuer}, for ${listed(named)}`);
}

/** Where the content came from, once the registry had sent the worker on. */
function servers({ addresses, redirects }: Notes): readonly string[] {
  const sent = new Map<string, number>();
  for (const { to } of redirects) sent.set(hostOf(to), (sent.get(hostOf(to)) ?? 0) + 1);
  const onward = [...sent].map(([host, count]) => `sent on to ${host} (${counted(count, "redirect")})`);
  const all = [...addresses, ...onward];
  return all.length === 0 ? ["nobody"] : all;
}

function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : url;
}

function saw(
  observation: Observation,
  all: readonly Observation[],
  short: (digest: string) => string,
): readonly (string | Html)[] {
  const { digest, objects } = observation;
  const tally = tallyOf(objects);
  const fault = faultText(observation, all);
  return [
    digest === null ? "nothing" : html`<code>${short(digest)}</code>`,
    ...(objects.length === 0 ? [] : [`${counted(tally.objects, "object")}, ${bytesText(tally.bytes)}`]),
    ...(fault === null ? [] : [fault]),
    ...remarksOf(observation).filter((each) => each.startsWith("registry claims")),
  ];
}

function lines(said: readonly (string | Html)[]): readonly (string | Html)[] {
  return said.length <= MOST ? said : [...said.slice(0, MOST), `and ${said.length - MOST} more: see the evidence`];
}
