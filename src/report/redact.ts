import { createHash } from "node:crypto";
import type { Basis, BasisDocument } from "../model/basis.ts";
import type { Evidence } from "../model/evidence.ts";
import { exitAddress } from "../model/exit.ts";
import type { ExitNote, Fault, Notes, Observation } from "../model/observation.ts";
import type { Glance } from "../model/probe.ts";
import type { RecordedLook } from "../model/record.ts";
import type { Reason } from "../model/verdict.ts";
import { sentenceOf } from "./sentence.ts";

/** Writes a hash in place of what would tell who or where: the same for the same text within one report only. */
type Hide = (text: string) => string;

/**
 * The evidence for others to read: the verdict, the countries and the days stay. Addresses of exits, of registries and
 * of whatever a message names, identities of machines and networks become salted hashes; times become days; headers
 * that may tell the caller's place lose their values. `salt` has to be random, and is not to be kept.
 */
export function redact(evidence: Evidence, salt: string): Evidence {
  const hide: Hide = (text) => `hash:${createHash("sha256").update(salt).update(text).digest("hex").slice(0, 16)}`;
  const exits = new Set(evidence.observations.flatMap(({ evidence: { exit } }) => exit?.addresses ?? []));
  // the longest first: one address may begin as another one does
  const words = [...exits].sort((one, other) => other.length - one.length);
  const observations = evidence.observations.map((each) => observationOf(each, hide));
  const rest = without(evidence, "signed");
  const { reason, basis } = rest;
  const all = {
    ...rest,
    observations,
    reason: reason && reasonOf(reason, hide),
    ...(basis === undefined ? {} : { basis: basisOf(basis, words, hide) }),
  };
  return everywhere({ ...all, summary: sentenceOf(all) }, { words, hide, days: true }) as Evidence;
}

function without<T extends object, K extends keyof T>(value: T, key: K): Omit<T, K> {
  return Object.fromEntries(Object.entries(value).filter(([name]) => name !== key)) as Omit<T, K>;
}

function reasonOf(reason: Reason, hide: Hide): Reason {
  if (reason.kind !== "indistinct") return reason;
  const indistinct = reason.indistinct.map((each) => {
    return each.why === "asn" && each.value !== undefined ? { ...each, value: hide(each.value) } : each;
  });
  return { ...reason, indistinct };
}

function observationOf(observation: Observation, hide: Hide): Observation {
  const { evidence, error } = observation;
  return { ...observation, evidence: notesOf(evidence, hide), error: error && faultOf(error, hide) };
}

function notesOf(all: Notes, hide: Hide): Notes {
  // what is signed cannot be changed, and tells hosts and times
  const notes = without(all, "receipts");
  const { hostKey, machine, boot, exit, unexpected } = notes;
  return {
    ...notes,
    retries: notes.retries.map((each) => ({ ...each, message: scrub(each.message, hide) })),
    addresses: notes.addresses.map(hide).sort(),
    headers: notes.headers.map((each) => headerOf(each, hide)).sort(),
    unexpected: unexpected && { ...unexpected, head: scrub(unexpected.head, hide) },
    clockOffsetMs: null,
    exit: exit && exitOf(exit, hide),
    hostKey: hostKey === null ? null : hide(hostKey),
    machine: machine === null ? null : hide(machine),
    boot: boot === null ? null : hide(boot),
  };
}

function exitOf(exit: ExitNote, hide: Hide): ExitNote {
  return {
    ...exit,
    addresses: exit.addresses.map(hide).sort(),
    asn: exit.asn === null ? null : hide(exit.asn),
    doubt: exit.doubt === null ? null : scrub(exit.doubt, hide),
  };
}

function basisOf({ past, probes }: Basis, words: readonly string[], hide: Hide): Basis {
  const entries = past?.entries.map((entry) => ({ ...entry, looks: entry.looks.map((look) => lookOf(look, hide)) }));
  // what a registry wrote is kept byte for byte, or not at all
  const clean = (document: BasisDocument): BasisDocument => {
    const text = document.base64 === null ? "" : Buffer.from(document.base64, "base64").toString("latin1");
    return words.some((word) => text.includes(word)) ? { ...document, base64: null } : document;
  };
  return {
    past: past && { ...past, entries: entries ?? [] },
    probes: probes && {
      again: probes.again.map((round) => round.map((glance) => glanceOf(glance, hide))),
      byDigest: probes.byDigest.map((glance) => glanceOf(glance, hide)),
      documents: probes.documents.map(clean),
      configs: probes.configs.map(clean),
      ...(probes.files === undefined ? {} : { files: probes.files }),
    },
  };
}

function lookOf(look: RecordedLook, hide: Hide): RecordedLook {
  const { hostKey, asn } = look;
  return { ...look, hostKey: hostKey === null ? null : hide(hostKey), asn: asn === null ? null : hide(asn) };
}

function glanceOf(glance: Glance, hide: Hide): Glance {
  return { ...glance, fault: glance.fault && faultOf(glance.fault, hide) };
}

function faultOf(fault: Fault, hide: Hide): Fault {
  return { ...fault, message: scrub(fault.message, hide), hint: fault.hint && scrub(fault.hint, hide) };
}

/** Headers that say nothing about who asked, and from where. */
const KEPT = /^(?:cache-control|content-type|etag|ratelimit-(?:limit|remaining)|warning)$/;
const DATED = /^(?:date|last-modified|expires)$/;

function headerOf(line: string, hide: Hide): string {
  const at = line.indexOf(": ");
  const [name, value] = at < 0 ? [line, ""] : [line.slice(0, at), line.slice(at + 2)];
  if (KEPT.test(name)) return `${name}: ${scrub(value, hide)}`;
  const day = DATED.test(name) ? dayOf(value) : null;
  return `${name}: ${day ?? "redacted"}`;
}

/** `Thu, 26 Nov 2026 12:34:56 GMT` at midnight. */
function dayOf(date: string): string | null {
  const time = Date.parse(date);
  return Number.isNaN(time) ? null : new Date(`${new Date(time).toISOString().slice(0, 10)}T00:00:00Z`).toUTCString();
}

/** The text with every IP address in it hidden, also one with a port or a full stop behind it. */
function scrub(text: string, hide: Hide): string {
  return text.replace(/[0-9a-fA-F:.]+/g, (found) => {
    for (const end of [found.length, bareEnd(found), found.lastIndexOf(":")]) {
      const address = exitAddress(found.slice(0, Math.max(end, 0)));
      if (address !== null) return hide(address.text) + found.slice(end);
    }
    return found.replace(/\d{1,3}(?:\.\d{1,3}){3}/g, hide);
  });
}

/** Where the full stops and colons begin that stand behind it. */
function bareEnd(text: string): number {
  let end = text.length;
  while (end > 0 && ".:".includes(text.charAt(end - 1))) end -= 1;
  return end;
}

const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z$/;

interface Sweep {
  readonly words: readonly string[];
  readonly hide: Hide;
  /** Times become days. Not in annotations, which are the artifact's. */
  readonly days: boolean;
}

/** Every text below, whatever its key, without the words: a registry knows the address too, and may put it anywhere. */
function everywhere(value: unknown, sweep: Sweep): unknown {
  if (typeof value === "string") return swept(value, sweep);
  if (Array.isArray(value)) return value.map((each) => everywhere(each, sweep));
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([key, each]) => {
    return [swept(key, sweep), everywhere(each, key === "annotations" ? { ...sweep, days: false } : sweep)] as const;
  });
  return Object.fromEntries(entries);
}

function swept(text: string, { words, hide, days }: Sweep): string {
  if (days && INSTANT.test(text)) return `${text.slice(0, 10)}T00:00:00.000Z`;
  return words.reduce((rest, word) => rest.replaceAll(word, () => hide(word)), text);
}
