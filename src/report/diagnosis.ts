import { assertNever, visible } from "../errors.ts";
import type { Because, Diagnosis, DiagnosisClass, Finding } from "../model/diagnosis.ts";
import { fileWords, insideWords, pageFacts } from "./filediagnosis.ts";
import { listed, shortener } from "./text.ts";

/** The finding in words: what was seen, and what to do next. */
export function diagnosisOf(finding: Finding, isAboutFile = false): Diagnosis {
  const { explanation, next } = (isAboutFile ? fileWords(finding) : null) ?? wordsOf(finding);
  return { class: finding.class, explanation, next, confidence: finding.confidence };
}

/** Whom a sentence is about, with the verbs that go with them. */
interface Who {
  readonly names: string;
  readonly is: string;
  readonly was: string;
  readonly has: string;
}

function whoOf(odd: readonly string[]): Who {
  const names = odd.length === 0 ? "every worker" : listed(odd);
  return odd.length > 1 ? { names, is: "are", was: "were", has: "have" } : { names, is: "is", was: "was", has: "has" };
}

type Words = Pick<Diagnosis, "explanation" | "next">;

const SHOWN = 300;

function wordsOf({ class: named, odd, because }: Finding): Words {
  const who = whoOf(odd);
  switch (because.kind) {
    case "absent":
      return absentWords(who, odd.length > 0);
    case "unreachable":
      return unreachableWords(who, because);
    case "host-key":
      return hostKeyWords(who, because);
    case "page":
      return pageWords(who, because);
    case "false":
      return falseWords(who, because.everywhere);
    case "mirror":
      return mirrorWords(who, because);
    case "types":
      return {
        explanation: `every worker was given the same bytes, but ${who.names} ${who.was} told another media type for them than the others, or none`,
        next: `do not use it yet: clients read a document by its type; look for a proxy or a mirror in front of ${who.names}, and tell the registry's operator`,
      };
    case "version":
      return VERSION_WORDS;
    case "moved":
      return movedWords(named, because);
    case "pin":
      return pinWords(named, because);
    case "issuer":
      return {
        explanation: `${who.names} ${who.was} shown a certificate for ${because.host} from another authority (${name(because.odd)}) than the others (${name(because.others)})`,
        next: `use nothing that ${who.names} downloaded: somebody on the network of ${who.names} reads its TLS traffic (a company's or a hotel's proxy, or an attacker); change passwords and tokens that were used there, move it to another network and run this again`,
      };
    case "split":
      return splitWords(who, because);
    case "stale":
      return staleWords(who, because);
    case "related":
      return relatedWords(named, who);
    case "dynamic":
      return {
        explanation: `no look saw the same bytes as another: ${because.digests} digests in all`,
        next: "the reference is not fixed content: something on the way makes it anew for every request; ask for it by digest",
      };
    case "moving":
    case "same-key":
    case "same-inside":
      return insideWords(odd, because);
    case "indistinct":
      return {
        explanation: `the workers saw the same, but ${who.names} cannot be told apart as the policy asks, so they count as fewer checks than they look like`,
        next: "tofu3 workers check says which of them are one, and what would make them distinct",
      };
    case "unknown":
      return {
        explanation: "what was seen fits no known cause",
        next: "run it again with --keep-evidence DIR, and compare what each worker was given",
      };
    default:
      return assertNever(because);
  }
}

const VERSION_WORDS: Words = {
  explanation: "every worker saw the same index, and it holds another version than its tag says",
  next: "ask for the version that you mean by its own tag, and tell the publisher that this tag is wrong",
};

function name(text: string): string {
  return `"${visible(text, 150)}"`;
}

function absentWords(who: Who, partly: boolean): Words {
  if (!partly) {
    return {
      explanation: "every worker was told by the registry that it does not exist",
      next: "check the name and the tag (tofu3 tags REPOSITORY lists them); it may also be private, and the registry says the same to whoever is not logged in: docker login here",
    };
  }
  return {
    explanation: `${who.names} ${who.is} told "not found", and the others are not, so the name is right`,
    next: `run it again in a few minutes, since replicas lag behind; if it stays so, the registry or a proxy refuses the network of ${who.names}`,
  };
}

function unreachableWords(who: Who, { stage, message, hint }: Because & { readonly kind: "unreachable" }): Words {
  const where = stage === null ? "" : ` (${STAGES[stage]})`;
  return {
    explanation: `${who.names} ${who.has} no valid answer${where}: ${visible(message, SHOWN)}`,
    next: hint === null ? "nobody contradicts anybody: mend that and run it again" : visible(hint, SHOWN),
  };
}

/** Whole, since the key that is expected and what to do stand at its end. */
const MOST_OF_A_KEY = 1000;

function hostKeyWords(who: Who, { doubt, message, hint }: Because & { readonly kind: "host-key" }): Words {
  const what = doubt === "has changed" ? "another host key than the known one" : "a host key that is revoked";
  return {
    explanation: `${who.names} ${who.was} not asked: the machine that answered showed ${what}: ${visible(message, MOST_OF_A_KEY)}`,
    next: visible(hint ?? "look at the key on the VM's own console before you believe it", MOST_OF_A_KEY),
  };
}

const STAGES = {
  ssh: "on the way to the VM",
  dns: "resolving a name",
  connect: "connecting",
  tls: "in the TLS handshake",
  auth: "logging in to the registry",
  http: "asking the registry",
  body: "receiving the body",
  digest: "checking the digest",
} as const;

function pageWords(who: Who, page: Because & { readonly kind: "page" }): Words {
  return {
    explanation: `${who.names} ${who.was} given a web page or an error in place of the content${pageFacts(page)}`,
    next: `look at what comes there (curl -i on ${who.names}): a login page of its network, or a bot check in front of the registry; move ${who.names} to another network, or give it another proxy`,
  };
}

function falseWords(who: Who, everywhere: boolean): Words {
  if (everywhere) {
    return {
      explanation: "every worker asked for content by its digest, and was served other bytes",
      next: "do not use it: the registry's own storage is damaged or tampered with; tell its operator",
    };
  }
  return {
    explanation: `${who.names} asked for content by its digest, and ${who.was} served other bytes`,
    next: `do not use what ${who.names} downloaded; run tofu3 again: if only ${who.names} is wrong again, something on that way changes or damages content (a proxy, a cache, an attacker)`,
  };
}

function mirrorWords(who: Who, { mirrors, everywhere }: Because & { readonly kind: "mirror" }): Words {
  const which = `mirror ${listed(mirrors.map(String))}`;
  if (everywhere) {
    return {
      explanation: `${which} ${mirrors.length > 1 ? "have" : "has"} other bytes than the first place, for every worker alike: it is about the places of publication, and not about the vantages`,
      next: "use neither until the publisher says which is right: a mirror may be behind, or one of the places was tampered with",
    };
  }
  return {
    explanation: `${who.names} ${who.was} given other bytes by ${which}, and the others were not: it is about the vantage, and not about the publisher`,
    next: `use nothing that ${who.names} downloaded; treat it as an attack until it is explained, and look from another network near ${who.names}`,
  };
}

function movedWords(named: DiagnosisClass, { from, to, at }: Because & { readonly kind: "moved" }): Words {
  const short = shortener([...from, to]);
  const [before, after] = [listed(from.map(short)), short(to)];
  if (named === "rolled-back") {
    return {
      explanation: `every worker sees ${after}, to which the tag led before ${before}, the last agreement of ${String(at).slice(0, 10)}`,
      next: `ask the publisher whether the tag was set back on purpose; to accept it, verify the tag once with @${to} behind it`,
    };
  }
  if (at !== null) {
    return {
      explanation: `every worker sees ${after}, and the last agreement, of ${at.slice(0, 10)}, was on ${before}: the tag moved for everybody`,
      next: `ask the publisher what changed; to accept it, verify the tag once with @${to} behind it`,
    };
  }
  return {
    explanation: `the tag moved from ${before} to ${after} while the workers looked, as when its publisher pushes: in the end every worker sees ${after}`,
    next: "run it again: the workers see the new one from the start now",
  };
}

function pinWords(named: DiagnosisClass, { pin, to }: Because & { readonly kind: "pin" }): Words {
  const short = shortener([pin, to]);
  const back = named === "rolled-back" ? ", which the ledger knows from earlier" : "";
  return {
    explanation: `every worker sees ${short(to)}${back}, and not the pinned ${short(pin)}: the tag leads elsewhere now, for everybody`,
    next: "verify NAME@DIGEST without the tag to get what is pinned; move the pin only when the publisher says why the tag moved",
  };
}

function splitWords(who: Who, { digest, alone, clings }: Because & { readonly kind: "split" }): Words {
  const what = digest === null ? "something else" : shortener([digest])(digest);
  const again = clings ? ", every time it was asked" : "";
  const nobody = alone ? ", and the others do not get that even when they ask for it by its digest" : "";
  return {
    explanation: `${who.names} ${who.is} served ${what}${again}${nobody}: one part of the world is served something else than the rest`,
    next: `use neither of the two; treat it as an attack until it is explained: keep the bytes, look from another network near ${who.names}, and tell the registry's operator`,
  };
}

function staleWords(who: Who, { digest, at }: Because & { readonly kind: "stale" }): Words {
  const short = shortener([digest])(digest);
  const how =
    at === null ? "older than the other by its own date" : `which all workers agreed upon on ${at.slice(0, 10)}`;
  return {
    explanation: `the tag leads to something newer now, and ${who.names} ${who.is} still served the old ${short}, ${how}; it is real, since every worker gets it by its digest: a cache or a replica near ${who.names} lags behind`,
    next: "wait and run it again; if it stays so for hours, tell the registry's operator, or verify NAME@DIGEST with the digest that you mean",
  };
}

function relatedWords(named: DiagnosisClass, who: Who): Words {
  if (named === "reserialised") {
    return {
      explanation: `${who.names} ${who.is} given a document of other bytes that lists exactly the same content: a mirror or a proxy wrote it anew`,
      next: `ask the registry itself and not a mirror from ${who.names}, or verify by the digest that you mean`,
    };
  }
  if (named === "recompressed") {
    return {
      explanation: `the layers that ${who.names} ${who.is} given are other bytes, and the configs say that they unpack to the same content, which nobody has checked: a mirror may have compressed them anew`,
      next: `do not take it for harmless: ask the publisher for the right digest, and look for a mirror in front of ${who.names}`,
    };
  }
  return {
    explanation: `the index that ${who.names} ${who.is} given is another one, with the same manifests for what was selected: it was published anew, with other platforms or annotations`,
    next: "verify the manifest that you use by its own digest, or run it again when the registry shows one index everywhere",
  };
}
