import { createHash } from "node:crypto";
import { html, type Html } from "./markup.ts";

/** A page that loads nothing and runs nothing, and has no style but the given one. Ends with one newline. */
export function renderDocument(title: string, style: Html, body: Html): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policyOf(style)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<style>${style}</style>
</head>
<body>
${body}
</body>
</html>
`.toString();
}

/** For a header as well as for the page itself. */
export function policyOf(style: Html): Html {
  const hash = createHash("sha256").update(style.toString()).digest("base64");
  return html`default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'`;
}
