import { judgeListed } from "../../consensus/listed.ts";
import { asError } from "../../errors.ts";
import { parseFileUrl } from "../../file/url.ts";
import type { ListedAnswer, ListedSubject, ListedView } from "../../model/listed.ts";
import type { Job } from "../../model/job.ts";
import type { Fault } from "../../model/observation.ts";
import type { FileSubject } from "../../model/subject.ts";
import type { Vantage } from "../../worker/vantage.ts";
import { faultFrom } from "../../worker/walk/ending.ts";
import { readFileAt } from "../../worker/walk/file.ts";
import type { NotAsked } from "./examine.ts";
import { listingOf } from "./listing.ts";

/** A list is read into memory; those of the largest repositories have some megabytes. */
const MOST_BYTES = 32 * 1024 * 1024;
/** Of all lists together, until the end: a stranger's tree may name any number of them. */
const MOST_KEPT = 256 * 1024 * 1024;
const TOO_MUCH = `the lists before it have more than ${MOST_KEPT} bytes together, and no more are read`;

type FileJob = Job & { readonly subject: FileSubject };

/** One worker's copy of a list. */
export interface Copy {
  readonly worker: string;
  readonly find: ((subject: ListedSubject) => string | null) | null;
  readonly fault: Fault | null;
}

/** Makes the job about a file, and runs the work when it is the turn of its server. */
export interface Desk {
  readonly jobOf: (subject: FileSubject, url: string) => FileJob;
  readonly take: (
    subject: FileSubject,
    work: () => Promise<readonly Copy[] | NotAsked>,
  ) => Promise<readonly Copy[] | NotAsked>;
}

/** Reads each list once at every vantage, and judges what stands in it. */
export class Lists {
  readonly #vantages: readonly Vantage[];
  readonly #desk: Desk;
  readonly #signal: AbortSignal;
  readonly #copies = new Map<string, Promise<readonly Copy[] | NotAsked>>();
  /** Bytes of the lists that were read. */
  #kept = 0;

  constructor(vantages: readonly Vantage[], desk: Desk, signal: AbortSignal) {
    this.#vantages = vantages;
    this.#desk = desk;
    this.#signal = signal;
  }

  async ask(subject: ListedSubject): Promise<ListedAnswer | NotAsked> {
    const { url } = listingOf(subject);
    const known = this.#copies.get(url) ?? this.#read(subject);
    this.#copies.set(url, known);
    const copies = await known;
    return "closed" in copies ? copies : judgeListed(copies.map((copy) => viewOf(copy, subject)));
  }

  #read(listed: ListedSubject): Promise<readonly Copy[] | NotAsked> {
    const listing = listingOf(listed);
    const { url, shown } = parseFileUrl(listing.url);
    const subject: FileSubject = { url: shown, pin: null };
    const copyOf = async (vantage: Vantage): Promise<Copy> => {
      const worker = vantage.name;
      try {
        const ask = { maxBytes: MOST_BYTES, accept: listing.accept };
        const { bytes } = await readFileAt(vantage, this.#desk.jobOf(subject, url), ask, this.#signal);
        this.#kept += bytes.length;
        return { worker, find: listing.read(bytes), fault: null };
      } catch (thrown) {
        this.#signal.throwIfAborted();
        return { worker, find: null, fault: faultFrom(asError(thrown)) };
      }
    };
    return this.#desk.take(subject, async () => {
      return this.#kept > MOST_KEPT ? { closed: TOO_MUCH } : Promise.all(this.#vantages.map(copyOf));
    });
  }
}

function viewOf({ worker, find, fault }: Copy, subject: ListedSubject): ListedView {
  return { worker, value: find?.(subject) ?? null, fault };
}
