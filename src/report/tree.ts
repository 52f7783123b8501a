import { visible } from "../errors.ts";
import type { Paint } from "./paint.ts";

/** A line of a tree, with its children. */
export interface Twig {
  readonly text: string;
  /** Faint lines exist but were not selected. */
  readonly faint: boolean;
  readonly children: readonly Twig[];
}

/** The tree with branch lines; passes text of unknown origin through `visible`. */
export function renderTree(root: Twig, paint: Paint): string {
  return `${[textOf(root, paint), ...branches(root.children, "", paint)].join("\n")}\n`;
}

function branches(twigs: readonly Twig[], indent: string, paint: Paint): string[] {
  return twigs.flatMap((twig, index) => {
    const last = index === twigs.length - 1;
    const below = branches(twig.children, `${indent}${last ? "   " : "│  "}`, paint);
    return [`${indent}${last ? "└─ " : "├─ "}${textOf(twig, paint)}`, ...below];
  });
}

function textOf({ text, faint }: Twig, paint: Paint): string {
  return faint ? paint.faint(visible(text)) : visible(text);
}
