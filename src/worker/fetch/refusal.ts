import { Tofu3Error, visible } from "../../errors.ts";
import { isAcceptRefusal, parseRegistryErrors } from "../../oci/registryerror.ts";
import { valuesOf } from "../../http/strict.ts";
import type { Answer, Content, Page } from "../../http/transport.ts";
import { Busy, BUSY_STATUSES, parseRetryAfter } from "./retry.ts";
import type { Session } from "./session.ts";

/** Who answered, and what to do where it refuses. */
interface Speaker {
  readonly name: string;
  readonly notFound: string;
  readonly denied: string;
  readonly tooMany: string;
  readonly says: (answer: Page | Content) => string;
}

const REGISTRY: Speaker = {
  name: "registry",
  notFound: "check the spelling; some registries say the same of what this worker may not see",
  denied: "check the name, and whether this worker needs credentials or is blocked",
  tooMany: "wait, or give this worker credentials: registries allow more to those who log in",
  says: wordsOf,
};

const SERVER: Speaker = {
  name: "server",
  notFound: "check the spelling of the URL; some servers say the same of what this worker may not see",
  denied:
    "check the URL, and whether the server blocks the network of this worker, or asks it to prove that it is no robot",
  tooMany: "wait, or look from another network",
  // an error page has nothing to say to people in its first 300 characters
  says: () => "",
};

/**
 * What an unwanted answer means: a Tofu3Error, or a `Busy` if it may be temporary. `what` is `manifest latest of
 * docker.io/a/b`.
 */
export function refusalOf(
  what: string,
  answer: Page | Content,
  { clock, registry }: Pick<Session, "clock" | "registry">,
): Tofu3Error | Busy {
  const error = meaningOf(`cannot fetch ${what}: `, answer, registry.isAnonymous ? SERVER : REGISTRY);
  if (!BUSY_STATUSES.has(answer.status)) return error;
  const [retryAfter] = valuesOf(answer.headers, "retry-after");
  return new Busy(error, retryAfter === undefined ? null : parseRetryAfter(retryAfter, clock.now()));
}

/** `registry said: …` in the registry's own words, made printable; empty if it said nothing readable. */
export function wordsOf(answer: Page | Content): string {
  const body = bodyOf(answer);
  const errors = parseRegistryErrors(body);
  const said =
    errors.length > 0
      ? errors
          .slice(0, 3)
          .map((error) => [error.code, error.message].filter((part) => part !== "").join(": "))
          .join("; ")
      : new TextDecoder().decode(body.subarray(0, 300)).trim();
  return said === "" ? "" : `; registry said: ${visible(said, 300)}`;
}

/** DENIED in the answer, or a 400 without a kept body that could say so. */
export function saysDenied(answer: Page | Content): boolean {
  const errors = parseRegistryErrors(bodyOf(answer));
  return errors.length === 0 ? answer.status === 400 : errors.some((error) => error.code === "DENIED");
}

function bodyOf(answer: Page | Content): Uint8Array {
  return "body" in answer ? answer.body : answer.head;
}

function meaningOf(prefix: string, answer: Page | Content, speaker: Speaker): Tofu3Error {
  const said = speaker.says(answer);
  const status = answer.status;
  if (status === 404 && speaker === REGISTRY && isAcceptRefusal(parseRegistryErrors(bodyOf(answer)))) {
    return new Tofu3Error(
      "E_MEDIA_TYPE",
      `${prefix}the registry has it, but says that its type was not accepted${said}`,
      {
        stage: "http",
        hint: "tofu3 accepts every known type; a proxy on the way may remove the Accept header",
      },
    );
  }
  if (status === 404 || status === 410)
    return new Tofu3Error("E_NOT_FOUND", `${prefix}it does not exist (${status})${said}`, {
      stage: "http",
      hint: speaker.notFound,
    });
  if (status === 403 || status === 451) {
    return new Tofu3Error("E_DENIED", `${prefix}the ${speaker.name} denies access (${status})${said}`, {
      stage: "http",
      hint: speaker.denied,
    });
  }
  if (status === 429) {
    return new Tofu3Error(
      "E_RATE_LIMIT",
      `${prefix}too many requests from this worker (429)${ratesOf(answer)}${said}`,
      {
        stage: "http",
        hint: speaker.tooMany,
      },
    );
  }
  const wanted = status >= 200 && status < 300 ? ", 200 was expected" : "";
  return new Tofu3Error("E_STATUS", `${prefix}the ${speaker.name} answered ${status}${wanted}${said}`, {
    stage: "http",
    hint:
      status >= 500 ? `the ${speaker.name} is in trouble: try again later` : "compare with what another network sees",
  });
}

function ratesOf(answer: Answer): string {
  const rates = answer.headers
    .filter(([name]) => /ratelimit|^retry-after$/.test(name))
    .map(([name, value]) => `${name}: ${visible(value, 100)}`);
  return rates.length > 0 ? `; ${rates.slice(0, 8).join(", ")}` : "";
}
