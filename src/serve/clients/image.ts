import { registryName } from "../../config/registryname.ts";
import { Tofu3Error, visible } from "../../errors.ts";
import { formatReference, parseReference, type Reference } from "../../oci/reference.ts";
import type { Doors } from "./doors.ts";

/** What the client is asked to pull, and what the gate is to refuse for it. */
export interface CheckedImage {
  /** In the words of the client. */
  readonly image: string;
  /** Of the upstream; without tag and digest where the whole repository is refused. */
  readonly armed: Reference;
}

/** Images that everybody may pull, so that a client that goes around the gate is seen to succeed. */
const KNOWN: Readonly<Record<string, string>> = {
  "docker.io": "docker.io/library/hello-world:latest",
  "quay.io": "quay.io/podman/hello:latest",
  "registry.k8s.io": "registry.k8s.io/pause:3.9",
  "mcr.microsoft.com": "mcr.microsoft.com/hello-world:latest",
  "gcr.io": "gcr.io/distroless/static:latest",
  "public.ecr.aws": "public.ecr.aws/docker/library/hello-world:latest",
};

/** `text` may name the gate itself, as docker before 29 has to. Throws E_USAGE and E_REFERENCE. */
export function checkedImage(text: string | null, doors: Doors): CheckedImage {
  const given = text ?? doors.upstreams.flatMap((upstream) => KNOWN[upstream] ?? [])[0];
  if (given === undefined)
    throw new Tofu3Error(
      "E_USAGE",
      "no image is known that everybody may pull from the registries of serve.upstreams",
      {
        hint: "name one that is there: --image REFERENCE",
      },
    );
  const parsed = parseReference(given);
  const asked: Reference =
    parsed.tag === undefined && parsed.digest === undefined ? { ...parsed, tag: "latest" } : parsed;
  const image = formatReference(asked);
  const armed = atGate(asked, doors) ?? asked;
  const upstream = registryName(armed.registry);
  if (upstream === null || !doors.upstreams.includes(upstream))
    throw new Tofu3Error("E_USAGE", `the gate does not ask "${visible(armed.registry, 100)}"`, {
      hint: `serve.upstreams has ${doors.upstreams.join(", ") || "none"}`,
    });
  return { image, armed: { ...armed, registry: upstream } };
}

/** `127.0.0.1:5005/docker.io/library/alpine:3` as the upstream's own; null where the name is not one of the gate's. */
function atGate(asked: Reference, { general, own }: Doors): Reference | null {
  const [upstream] = [...own].find(([, host]) => host === asked.registry) ?? [];
  if (upstream === undefined && asked.registry !== general) return null;
  const [first = "", ...rest] = asked.repository.split("/");
  if (rest.length > 0 && first.includes(".")) return { ...asked, registry: first, repository: rest.join("/") };
  return upstream === undefined ? null : { ...asked, registry: upstream };
}

/** A formula, `hello` unless one is named; everything of its repository is refused, whichever version brew wants. */
export function checkedFormula(text: string | null): CheckedImage {
  const formula = text ?? "hello";
  const name = /^(?:ghcr\.io\/)?(?:homebrew\/core\/)?([a-z0-9][a-z0-9+._@-]*)$/.exec(formula)?.[1];
  if (name === undefined)
    throw new Tofu3Error("E_USAGE", `${JSON.stringify(visible(formula, 60))} is not a formula of homebrew/core`, {
      hint: "--image hello",
    });
  const repository = `homebrew/core/${name.replaceAll("@", "/").replaceAll("+", "x")}`;
  return { image: name, armed: { registry: "ghcr.io", repository } };
}
