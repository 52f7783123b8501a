import type { z } from "zod";
import { nearest } from "../nearest.ts";
import { localShape, registryShape, sshShape } from "./schema.ts";
import type { Path } from "./document.ts";

/** One objection to the configuration; with `key`, it is about the last key of the path, not its value. */
export interface Objection {
  readonly path: Path;
  readonly message: string;
  readonly at: "key" | "value";
}

function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (each, step) =>
      typeof each === "object" && each !== null ? (each as Record<string | number, unknown>)[step] : undefined,
    value,
  );
}

/** The value found, if it is short and cannot hold a password. */
function found(value: unknown): string {
  if (typeof value === "number" || typeof value === "boolean") return `, not ${value}`;
  if (Array.isArray(value)) return `, not a list`;
  if (typeof value === "object") return ", not a mapping";
  if (typeof value !== "string") return "";
  return /^[\w.:/+~ -]{1,44}$/.test(value) && !value.includes("://") ? `, not ${JSON.stringify(value)}` : "";
}

/** Keys allowed in the mapping at `path`. */
function knownKeys(value: unknown, path: Path, shape: z.ZodRawShape): readonly string[] {
  const [top] = path;
  if (top === undefined) return Object.keys(shape).filter((key) => key !== "$schema");
  if (top === "registries") return Object.keys(registryShape);
  if (top === "workers") return Object.keys(valueAt(value, [...path, "via"]) === "ssh" ? sshShape : localShape);
  let inner: Readonly<Record<string, unknown>> = shape;
  for (const step of path) inner = shapeOf(inner[String(step)]);
  return Object.keys(inner);
}

/** The keys of a zod object, however it is wrapped; none for anything else. */
function shapeOf(schema: unknown): Readonly<Record<string, unknown>> {
  let inner = schema;
  while (typeof inner === "object" && inner !== null && "unwrap" in inner && typeof inner.unwrap === "function") {
    inner = (inner as { unwrap: () => unknown }).unwrap();
  }
  if (typeof inner !== "object" || inner === null || !("shape" in inner)) return {};
  return inner.shape as Readonly<Record<string, unknown>>;
}

function unknownKey(key: string, value: unknown, path: Path, shape: z.ZodRawShape): Objection {
  const known = knownKeys(value, path, shape);
  const shown = /^[\w. -]{1,60}$/.test(key) ? ` ${JSON.stringify(key)}` : "";
  const close = nearest(key, known);
  const only = path[0] === "workers" && key in sshShape ? "is for workers with via: ssh only" : null;
  const advice = close === null ? `allowed: ${known.join(", ")}` : `did you mean ${JSON.stringify(close)}?`;
  return { path: [...path, key], at: "key", message: only === null ? `unknown key${shown}; ${advice}` : only };
}

/** A zod issue in plain words: what is wrong, what is allowed. Never quotes a value that may be secret. */
export function objectionsOf(issue: z.core.$ZodIssue, value: unknown, shape: z.ZodRawShape): readonly Objection[] {
  const path = issue.path.map((step) => (typeof step === "number" ? step : String(step)));
  if (issue.code === "unrecognized_keys") return issue.keys.map((key) => unknownKey(key, value, path, shape));
  if (issue.code === "invalid_key") return [{ path, at: "key", message: issue.issues[0]?.message ?? issue.message }];
  const given = valueAt(value, path);
  if (given === undefined) return [{ path, at: "value", message: `is missing; ${issue.message}` }];
  if (given === null) return [{ path, at: "value", message: `is empty; ${issue.message}` }];
  if (issue.code === "too_small" && Array.isArray(given))
    return [{ path, at: "value", message: `has ${given.length} of them; ${issue.message}` }];
  const quiet = path.at(-1) === "proxy" || issue.message.includes(";");
  return [{ path, at: "value", message: quiet ? issue.message : issue.message + found(given) }];
}
