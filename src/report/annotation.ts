/** A workflow command that GitHub shows as an annotation; one line, whatever `text` holds. */
export function annotation(level: "error" | "warning" | "notice", properties: readonly string[], text: string): string {
  return `::${level} ${properties.join(",")}::${value(text)}`;
}

/** `title=…`, escaped. */
export function property(name: string, text: string): string {
  return `${name}=${value(text).replaceAll(":", "%3A").replaceAll(",", "%2C")}`;
}

function value(text: string): string {
  return text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
}
