import { bazel } from "./bazel.ts";
import { brewfile } from "./brewfile.ts";
import { devcontainer } from "./devcontainer.ts";
import { dockerfile } from "./dockerfile.ts";
import type { Format } from "./format.ts";
import { formula } from "./formula.ts";
import { list } from "./list.ts";
import { lock } from "./lock.ts";

/** Every kind of file that is read; the first that claims a file reads it. */
export const FORMATS: readonly Format[] = [dockerfile, bazel, formula, brewfile, devcontainer, list, lock];
