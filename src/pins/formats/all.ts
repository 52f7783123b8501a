import { bazel } from "./bazel.ts";
import { brewfile } from "./brewfile.ts";
import { circleci } from "./circleci.ts";
import { cloudbuild } from "./cloudbuild.ts";
import { compose } from "./compose.ts";
import { devcontainer } from "./devcontainer.ts";
import { dockerfile } from "./dockerfile.ts";
import { drone } from "./drone.ts";
import type { Format } from "./format.ts";
import { formula } from "./formula.ts";
import { github } from "./github.ts";
import { gitlab } from "./gitlab.ts";
import { helm } from "./helm.ts";
import { kustomize } from "./kustomize.ts";
import { list } from "./list.ts";
import { lock } from "./lock.ts";
import { requirements } from "./requirements.ts";
import { argo, kubernetes, tekton } from "./manifests.ts";

/** Every kind of file that is read. Several may claim one: at each place, the first of them counts. */
export const FORMATS: readonly Format[] = [
  dockerfile,
  bazel,
  formula,
  brewfile,
  devcontainer,
  requirements,
  list,
  lock,
  github,
  gitlab,
  circleci,
  cloudbuild,
  drone,
  kustomize,
  helm,
  // these claim files by what is in them as well
  compose,
  tekton,
  argo,
  kubernetes,
];
