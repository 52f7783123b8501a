import { Scalar, stringify, type CreateNodeOptions, type ToStringOptions } from "yaml";
import type { Distinct } from "../model/policy.ts";

/** One worker as it stands in tofu3.yaml; what is left out has its usual value. */
export interface WrittenWorker {
  readonly name: string;
  readonly via: "local" | "ssh";
  readonly host?: string | undefined;
  readonly port?: number | undefined;
  readonly user?: string | undefined;
  readonly identityFile?: string | undefined;
  readonly hostKey?: string | undefined;
  readonly proxy?: string | undefined;
}

export interface Written {
  readonly workers: readonly WrittenWorker[];
  readonly distinct: readonly Distinct[];
  readonly echo: readonly string[];
}

/** Everything on one line, line breaks in a text included. */
const FLOW: ToStringOptions & CreateNodeOptions = {
  collectionStyle: "flow",
  lineWidth: 0,
  blockQuote: false,
  doubleQuotedMinMultiLineLength: Number.MAX_SAFE_INTEGER,
};

/** One worker of the list, on one line. */
export function workerText(worker: WrittenWorker): string {
  return stringify([compact(worker)], FLOW).replace(/^\[ (.*) \]\n$/s, "$1");
}

/** A whole tofu3.yaml. `schema` is where editors find the JSON Schema; null for no such line. */
export function configText({ workers, distinct, echo }: Written, schema: string | null): string {
  const policy = { distinct, ...(echo.length === 0 ? {} : { echo }) };
  return [
    ...(schema === null ? [] : [`# yaml-language-server: $schema=${schema}`]),
    "# Which workers look at an artifact, and what an agreement of theirs needs. Written by tofu3 init.",
    "workers:",
    ...workers.map((worker) => `  - ${workerText(worker)}`),
    stringify({ policy }, FLOW).replace(/^\{ policy: (.*) \}\n$/s, "policy: $1"),
    "",
  ].join("\n");
}

function compact(worker: WrittenWorker): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(worker).flatMap(([key, value]: [string, unknown]) =>
      value === undefined ? [] : [[key, typeof value === "string" ? quotedIfOdd(value) : value]],
    ),
  );
}

/** A plain text of several lines would be one of several lines in the file, too. */
function quotedIfOdd(text: string): string | Scalar {
  if (!/\p{Cc}|\p{Zl}|\p{Zp}/u.test(text)) return text;
  const scalar = new Scalar(text);
  scalar.type = Scalar.QUOTE_DOUBLE;
  return scalar;
}
