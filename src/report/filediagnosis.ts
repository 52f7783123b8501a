import { visible } from "../errors.ts";
import type { Because, Diagnosis, Finding } from "../model/diagnosis.ts";
import { listed, shortener } from "./text.ts";

type Page = Because & { readonly kind: "page" };

type Words = Pick<Diagnosis, "explanation" | "next">;

/**
 * What a finding about the file of a URL means, where the words about artifacts of registries do not fit; null where
 * they do.
 */
export function fileWords({ class: named, odd, because }: Finding): Words | null {
  const names = odd.length === 0 ? "every worker" : listed(odd);
  const many = odd.length > 1;
  if (because.kind === "absent") return absentWords(names, many, odd.length > 0);
  if (because.kind === "page") return pageWords(names, many, because);
  if (because.kind === "split") return splitWords(names, many, because);
  if (because.kind === "moved" || because.kind === "pin") return changedWords(named, because);
  if (because.kind !== "dynamic") return null;
  return {
    explanation: `no look saw the same bytes as another: ${because.digests} digests in all`,
    next: "it is no fixed file: something makes it anew for every request; look for a release asset, or another URL whose bytes stay",
  };
}

/** For what only files have. */
export function insideWords(
  odd: readonly string[],
  because: Because & { readonly kind: "moving" | "same-key" | "same-inside" },
): Words {
  if (because.kind === "moving") {
    return {
      explanation:
        "the URL names no version, and what it leads to changes by design: a difference need be no attack, and cannot be told from one",
      next: "verify the URL of one version, or pin the bytes: --sha256 HEX",
    };
  }
  const given = `${odd.length === 0 ? "every worker" : listed(odd)} ${odd.length > 1 ? "are" : "is"} given`;
  if (because.kind === "same-key") {
    return {
      explanation: `${given} other bytes of the same OpenPGP key, ${listed(because.fingerprints)}: copies may differ in names, signatures and dates`,
      next: "compare the fingerprint with the publisher's own word; --keep-evidence DIR keeps both, and gpg --show-keys --with-sig-list shows what differs",
    };
  }
  if (because.generated) {
    return {
      explanation: `${given} other bytes that unpack to the same: GitHub compressed an archive anew that it generates`,
      next: "GitHub promises nothing about the bytes of these archives: verify a release asset, which stays as it was uploaded",
    };
  }
  return {
    explanation: `${given} other bytes that unpack to the same: the file was compressed anew`,
    next: "ask the publisher which of the two is the right one: what unpacks them may still tell them apart",
  };
}

function absentWords(names: string, many: boolean, partly: boolean): Words {
  if (!partly) {
    return {
      explanation: "every worker was told by the server that it does not exist",
      next: "check the URL in a browser; what is in a registry is verified by its reference, without https://",
    };
  }
  return {
    explanation: `${names} ${many ? "are" : "is"} told "not found", and the others are not, so the URL is right`,
    next: `run it again in a few minutes, since mirrors lag behind; if it stays so, the server refuses the network of ${names}`,
  };
}

/** ` (status 200, text/html, it begins with "<html>")`: what is known of the page; empty if nothing is. */
export function pageFacts({ status, contentType, head }: Page): string {
  const facts = [
    status === null ? null : `status ${status}`,
    contentType === null ? null : visible(contentType, 100),
    head === "" ? null : `it begins with ${JSON.stringify(visible(head, 60))}`,
  ].filter((each) => each !== null);
  return facts.length === 0 ? "" : ` (${facts.join(", ")})`;
}

function pageWords(names: string, many: boolean, page: Page): Words {
  return {
    explanation: `${names} ${many ? "were" : "was"} given a web page, an error or nothing in place of the file${pageFacts(page)}`,
    next: `look at what comes there (curl -iL from ${names}): a page about the download has the link to the file; a bot check or a login wants another network, or another proxy`,
  };
}

function splitWords(names: string, many: boolean, { digest, clings }: Because & { readonly kind: "split" }): Words {
  const what = digest === null ? "something else" : shortener([digest])(digest);
  const again = clings ? ", every time it was asked" : "";
  return {
    explanation: `${names} ${many ? "are" : "is"} served ${what}${again}: one part of the world is served another file than the rest`,
    next: `use neither of the two; treat it as an attack until it is explained: keep the bytes (--keep-evidence DIR), look from another network near ${names}, and tell the publisher`,
  };
}

type Changed = Because & { readonly kind: "moved" | "pin" };

function changedWords(named: Finding["class"], because: Changed): Words {
  const to = because.to;
  const before = because.kind === "pin" ? [because.pin] : because.from;
  const short = shortener([...before, to]);
  const back = named === "rolled-back" ? ", which it had before" : "";
  const was =
    because.kind === "pin"
      ? `not the pinned ${short(because.pin)}`
      : `the last agreement${because.at === null ? "" : ` of ${because.at.slice(0, 10)}`} was on ${listed(before.map(short))}`;
  return {
    explanation: `every worker sees ${short(to)}${back}, and ${was}: the file was replaced, for everybody`,
    next: `ask the publisher why the file at this URL is another one now; to accept it, verify the URL once with #${to.replace(":", "=")} behind it`,
  };
}
