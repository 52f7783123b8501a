import { GROUPS } from "../../src/codes/explain.ts";

/** `docs/errors.md`, whole. */
export function renderErrorsPage(): string {
  return `${[INTRODUCTION, ...GROUPS.flatMap(({ title, codes }) => [`## ${title}`, ...Object.entries(codes).map(section)])].join("\n\n")}\n`;
}

const INTRODUCTION = `# Errors

Every error of tofu3 has one of these codes. \`--json\` and the reports have them as \`code\`, the table has them in its last column, and an error that
ends a command names its code in its last line, except for \`E_USAGE\`. \`tofu3 help E_TLS\` prints one of these entries. The codes stay the same from one version to the
next; the messages may change.

What a fault of one worker does to the exit code is in [exit-codes.md](exit-codes.md). This page is generated from \`src/codes/\`, and a test compares them.`;

function section([code, { title, where, cause, cure }]: readonly [
  string,
  { readonly title: string; readonly where: string; readonly cause: string; readonly cure: string },
]): string {
  return `### ${code}

${title.charAt(0).toUpperCase()}${title.slice(1)}.

- **Where:** ${where}
- **Cause:** ${cause}
- **Cure:** ${cure}`;
}
