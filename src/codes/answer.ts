import type { WORKER_CODES } from "../errors.ts";
import type { Explanation } from "./explanation.ts";
import type { EXCHANGE } from "./exchange.ts";
import type { VM } from "./vm.ts";

type AnswerCode = Exclude<(typeof WORKER_CODES)[number], keyof typeof EXCHANGE | keyof typeof VM>;

/** What the registry answered, and what was in the answer. */
export const ANSWER: Readonly<Record<AnswerCode, Explanation>> = {
  E_REDIRECT: {
    title: "a redirect is not followed",
    where: "At one worker (stage `http`).",
    cause:
      "There are more redirects than `limits.redirects`, or one leads from https to http, or to something that is no URL.",
    cure: "Compare with what the other workers were told. One that is sent elsewhere alone is worth a closer look.",
  },
  E_REALM: {
    title: "the token service that the registry names is refused",
    where: "At one worker (stage `auth`). Nothing was sent there.",
    cause:
      "It is not https, not on a public address, no URL, or it redirects. Credentials could end up with somebody else.",
    cure: "Compare with the other workers: somebody on the way may have written that address.",
  },
  E_AUTH: {
    title: "the registry wants credentials, or others",
    where: "At one worker (stage `auth`).",
    cause:
      "The repository is private, or does not exist: many registries answer the same. Or the stored credentials are refused. Remote workers have none unless `forwardCredentials: true`.",
    cure: "Check the name. Log in with `docker login` or `podman login`. `docs/credentials.md` says which worker uses what.",
  },
  E_DENIED: {
    title: "the registry denies access",
    where: "At one worker (stage `http`): status 403 or 451.",
    cause:
      "The account or the address of that worker is not allowed, a firewall or a country block answers, or the name is wrong.",
    cure: "Check the name. If only one worker is denied, the registry or something before it treats its address differently.",
  },
  E_NOT_FOUND: {
    title: "the registry says that it does not exist",
    where: "At one worker (stage `http`): status 404 or 410.",
    cause: "The repository, the tag or the digest is not there, or this worker may not see it.",
    cure: "If every worker is told so, check the spelling: `tofu3 tags REPOSITORY` lists the tags. If only one is, it is not a spelling mistake: that worker is shown another registry, or an older copy.",
  },
  E_RATE_LIMIT: {
    title: "too many requests",
    where: "At one worker: status 429, after waiting as the registry asked.",
    cause: "The address or the account of that worker has used up what the registry allows.",
    cure: "Wait, or log in: registries allow more to those who do. `docs/registries.md` counts what a run costs.",
  },
  E_STATUS: {
    title: "the registry answered with a status that was not expected",
    where: "At one worker (stage `http`), after retries where they help.",
    cause: "The registry is in trouble (5xx), or something else answers in its place.",
    cure: "For 5xx try again later. Otherwise compare with what the other workers got.",
  },
  E_TOKEN: {
    title: "the token service does not give a usable token",
    where: "At one worker (stage `auth`).",
    cause: "The token service is in trouble, or something else answers in its place.",
    cure: "Try again later. If it happens at one worker only, look for a proxy on its way.",
  },
  E_DIGEST: {
    title: "this is not a digest",
    where: "Where a digest is read: in a reference, a manifest or a header.",
    cause: "It is not `sha256:` and 64, or `sha512:` and 128, lower-case hex characters.",
    cure: "Copy the digest again, whole. If a manifest has it, the manifest is broken.",
  },
  E_MEDIA_TYPE: {
    title: "the document has no type that can be verified",
    where: "At one worker, for an index or a manifest.",
    cause:
      "The registry serves a page or an unknown kind of document, or the type in the header contradicts the one in the document.",
    cure: "`tofu3 inspect --raw REFERENCE` prints what this machine gets. Compare it with another network.",
  },
  E_NOT_CONTENT: {
    title: "what came is no file",
    where:
      "At one worker (stage `body`), for a URL; or for a checksum file that all agreed on, and none was given again.",
    cause:
      "The answer is empty, or a web page where the name of the URL does not say so: a page about the download, a bot check, a login, an error with status 200.",
    cure: "`curl -iL URL` shows what comes. Ask for the file itself. If the page is what you want, pin it with `--sha256 HEX`.",
  },
  E_MANIFEST: {
    title: "the document cannot be read",
    where: "At one worker, for an index, a manifest or a list of tags.",
    cause: "It is not JSON, or JSON that parsers read differently, or a field is missing or wrong.",
    cure: "`tofu3 inspect --raw REFERENCE` prints the exact bytes. If all workers get the same, the publisher has to mend it.",
  },
  E_CHALLENGE: {
    title: "the way to log in cannot be read",
    where: "At one worker (stage `auth`).",
    cause: "The `WWW-Authenticate` header is not valid, or names several token services.",
    cure: "Compare with the other workers: something on the way may have changed the header.",
  },
  E_LINK: {
    title: "the list of tags does not lead to its next page",
    where: "At `tofu3 tags` and where tags are compared.",
    cause: "The `Link` header is not valid, leads to another host, or back to its own page.",
    cure: "Compare with another network. If it is the same there, tell the registry's operator.",
  },
  E_LIMIT: {
    title: "the artifact is larger than a limit",
    where: "At one worker, or before a release.",
    cause:
      "It has more or larger objects than tofu3 reads: `limits.blobBytes` for one blob, `limits.fileBytes` for the file of a URL, fixed limits for documents and entries.",
    cure: "Choose a part of it with `--platform`, or raise the limit that the message names in the configuration.",
  },
  E_MISMATCH: {
    title: "the bytes are not what their digest says",
    where: "At one worker (stage `digest`). This alone makes the outcome `disagreed`.",
    cause:
      "Somebody changed the bytes on the way or at the registry, a cache is broken, or a page was served in the place of content.",
    cure: "Do not use them. Keep the evidence (`--keep-evidence DIR`) and compare with the other workers. The diagnosis says what is likely.",
  },
  E_STOPPED: {
    title: "the worker was stopped early",
    where: "At one worker. It is a consequence, not a cause.",
    cause:
      "The others had already decided the outcome: the roots differ, or one worker saw false bytes. The rest was not downloaded.",
    cure: "Nothing to do: look at what the other workers saw.",
  },
};
