import { visible } from "../../errors.ts";
import type { Evidence } from "../../model/evidence.ts";
import type { Observation } from "../../model/observation.ts";
import { signedText } from "../signed.ts";
import { counted } from "../text.ts";
import { html, NOTHING, type Html } from "./markup.ts";

/** At most this many of a list, and this many characters of each; the JSON has them whole. */
const MOST = 20;
const LONGEST = 500;

/** Every note of every worker, folded away. */
export function renderEvidence({ observations, signed = [] }: Evidence): Html {
  return html`${observations.map((observation) => {
    const { worker, evidence } = observation;
    const own = signed.filter((each) => each.worker === worker).map(signedText);
    const all: readonly Fact[] = [...factsOf(observation), ["By its VM", own]];
    const facts = all.filter(([, values]) => values.length > 0);
    return html`<details><summary><b>${worker}</b>: ${counted(evidence.exchanges, "request")}, ${counted(evidence.certificates.length, "certificate")}, ${counted(evidence.redirects.length, "redirect")}</summary>
<dl class="notes">
${facts.map(([title, values]) => fact(title, values))}</dl>
</details>
`;
  })}`;
}

function fact(title: string, values: readonly string[]): Html {
  const more = values.length - MOST;
  return html`<dt>${title}</dt>${values.slice(0, MOST).map((each) => html`<dd>${visible(each, LONGEST)}</dd>`)}${
    more > 0 ? html`<dd>and ${more} more: the JSON report has them all</dd>` : NOTHING
  }
`;
}

type Fact = readonly [title: string, values: readonly string[]];

function factsOf(observation: Observation): readonly Fact[] {
  const { startedAt, finishedAt, digest, error, evidence } = observation;
  return [
    ["Looked", [`from ${startedAt} to ${finishedAt}`]],
    ["Root", digest === null ? [] : [digest]],
    ["Claimed digest", known(evidence.claimedDigest)],
    [
      "Fault",
      error === null ? [] : [`${error.code}: ${error.message}`, ...known(error.hint), ...(error.choices ?? [])],
    ],
    ...wayFacts(observation),
    ...machineFacts(observation),
  ];
}

function wayFacts({ evidence }: Observation): readonly Fact[] {
  const { addresses, certificates, redirects, retries, unexpected, exit } = evidence;
  return [
    ["Addresses", addresses],
    ["Exit told by", exit?.sources ?? []],
    ["HTTP version", known(evidence.httpVersion)],
    [
      "Certificates",
      certificates.map(
        ({ host, subject, issuer, validFrom, validTo, spki }) =>
          `${host}: ${subject}, issued by ${issuer}, valid from ${validFrom} to ${validTo}, key sha256 ${spki}`,
      ),
    ],
    ["Redirects", redirects.map(({ from, to, status }) => `${status}: ${from} → ${to}`)],
    ["Retries", retries.map(({ url, attempt, code, message }) => `${attempt}: ${url}: ${code}: ${message}`)],
    ["Headers", evidence.headers],
    [
      "Unexpected answer",
      unexpected === null
        ? []
        : [`${unexpected.status} ${unexpected.contentType ?? ""} from ${unexpected.url}: ${unexpected.head}`],
    ],
  ];
}

function machineFacts({ evidence }: Observation): readonly Fact[] {
  const { clockOffsetMs, tools, hostKey, machine, boot } = evidence;
  return [
    ["Tools", tools],
    ["Host key", known(hostKey)],
    ["Machine", known(machine)],
    ["Boot", known(boot)],
    ["Clock", clockOffsetMs === null ? [] : [`${clockOffsetMs} ms from the clock of the machine where tofu3 runs`]],
  ];
}

function known(text: string | null): readonly string[] {
  return text === null ? [] : [text];
}
