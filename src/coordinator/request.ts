import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { Tofu3Error, visible } from "../errors.ts";
import type { Destination } from "../model/destination.ts";
import { isSelective, parseSelection, type Job, type SelectionText } from "../model/job.ts";
import type { Fault } from "../model/observation.ts";
import type { Policy } from "../model/policy.ts";
import { nameInUrl } from "../file/name.ts";
import { isFile, type FileSubject, type Subject } from "../model/subject.ts";
import { isInto, parseDestination } from "../release/destination.ts";
import { formatOfFile } from "../release/fits.ts";
import type { WitnessNote } from "../model/witness.ts";
import type { Runtime } from "./runtime.ts";
import { ENGINES } from "./vantages.ts";

/** What the user asked for. */
export interface VerifyRequest extends SelectionText {
  /** As written; of a URL, without its query. */
  readonly reference: string;
  /** The same, parsed. */
  readonly subject: Subject;
  /** Of a file, the URL with its query. */
  readonly url?: string | undefined;
  /** Of a file, other URLs of it, with their queries. */
  readonly mirrors?: readonly string[] | undefined;
  /** The URL of a checksum file that has to name the file. */
  readonly sums?: string | null;
  /** Ask the platform of its publisher, too, what the file's bytes are. */
  readonly witness?: boolean | undefined;
  /** What is known of the file already, and is its pin. */
  readonly told?: readonly WitnessNote[] | undefined;
  /** `-o DEST`, or where a command of tofu3 wants it. */
  readonly destination: string | Destination | null;
  readonly force: boolean;
  /** `--days N`; null: as many as the policy says. */
  readonly days: number | null;
  /** `--keep-evidence DIR` */
  readonly keepEvidence: string | null;
  /** Whether the ledger is read and written. */
  readonly remember: boolean;
}

export function jobOf<S extends Subject>(
  request: SelectionText & {
    readonly subject: S;
    readonly url?: string | undefined;
    readonly mirrors?: readonly string[] | undefined;
  },
  limits: Job["limits"],
  depth: Job["depth"],
): Job & { readonly subject: S } {
  return {
    run: randomBytes(16).toString("hex"),
    subject: request.subject,
    ...(request.url === undefined ? {} : { url: request.url }),
    ...(request.mirrors === undefined ? {} : { mirrors: request.mirrors }),
    selection: parseSelection(request),
    limits,
    depth,
  };
}

/** Throws E_USAGE and E_DESTINATION. */
export function destinationOf(request: VerifyRequest, runtime: Runtime): Destination | null {
  if (isFile(request.subject) && isSelective(request)) {
    throw new Tofu3Error("E_USAGE", "a platform is selected from an index, and a URL leads to one file", {
      hint: "leave out --platform, --os-version and --bottle",
    });
  }
  if (request.destination === null) return null;
  checkKeeper(runtime);
  const { destination: wanted, force, subject } = request;
  const destination = typeof wanted === "string" ? parseDestination(wanted, force, runtime.cwd) : wanted;
  if (isFile(subject)) checkFile(subject, destination);
  return destination;
}

/** Throws E_DESTINATION where it is known already that the file of a URL cannot be released there. */
function checkFile({ url }: FileSubject, destination: Destination): void {
  formatOfFile(destination);
  if (destination.otherwise !== undefined || !isInto(destination)) return;
  const name = nameInUrl(url);
  if (name.kind !== "unsafe") return;
  throw new Tofu3Error(
    "E_DESTINATION",
    `the URL ends in ${JSON.stringify(visible(name.segment, 100))}, which is no name for a file`,
    {
      hint: `name the file: -o ${JSON.stringify(join(destination.path, "NAME"))}`,
    },
  );
}

/** Throws E_USAGE where no worker keeps what it fetches. */
export function checkKeeper({ config }: Pick<Runtime, "config">): void {
  if (config.workers.some(({ via }) => ENGINES[via].keeps)) return;
  throw new Tofu3Error(
    "E_USAGE",
    "nothing can be released: no worker is local, and only a local worker keeps what it fetches",
    { hint: 'add "- { name: here, via: local }" to the workers' },
  );
}

export function requestError({ code, message, hint, choices }: Fault): Tofu3Error {
  return new Tofu3Error(code, message, { hint: hint ?? undefined, choices });
}

/** The policy of the configuration, with what the request asks for in its place. */
export function policyOf({ days }: Pick<VerifyRequest, "days">, { config }: Runtime): Policy {
  return days === null ? config.policy : { ...config.policy, days };
}
