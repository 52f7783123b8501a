import { DEPTHS, type Depth } from "../../../model/audit.ts";
import type { Flag } from "../command.ts";
import { isOn, text, type Flags } from "../values.ts";

/** What `audit` and `pin` have in common. */
export interface SearchArguments {
  /** Empty: the current folder. */
  readonly paths: readonly string[];
  readonly depth: Depth;
  readonly allowPrivate: boolean;
}

export const DEPTH: Flag = {
  name: "depth",
  value: "DEPTH",
  choices: DEPTHS,
  text: "root (default): what each tag or digest leads to, and that its entries exist; everything: all bytes",
};

export const PRIVATE: Flag = {
  name: "allow-private",
  text: "ask registries on loopback and private addresses too; only for trees that you trust",
};

/** What is searched; the same for both commands. */
export const SEARCHED = [
  "Reads Dockerfiles, Compose, CI pipelines, Kubernetes, Kustomize, Helm values, dev containers, Bazel, Homebrew",
  "formulae, Python requirements and lists below each PATH (the current folder if there is none; - is a list on",
  "standard input).",
  "Nothing in them is executed.",
];

export function searchOf(paths: readonly string[], flags: Flags): SearchArguments {
  const depth = DEPTHS.find((each) => each === text(flags, "depth")) ?? "root";
  return { paths, depth, allowPrivate: isOn(flags, "allow-private") };
}
