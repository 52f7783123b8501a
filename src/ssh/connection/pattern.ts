/**
 * A pattern of ssh_config(5), "PATTERNS": `*` is any text, `?` one character. Not a regular expression, which several
 * stars would make slow.
 */
export function matchesPattern(pattern: string, name: string): boolean {
  let p = 0;
  let n = 0;
  let star = -1;
  let mark = 0;
  while (n < name.length) {
    if (pattern[p] === "*") {
      star = p++;
      mark = n;
    } else if (pattern[p] === "?" || pattern[p] === name[n]) {
      p++;
      n++;
    } else if (star >= 0) {
      p = star + 1;
      n = ++mark;
    } else return false;
  }
  while (pattern[p] === "*") p++;
  return p === pattern.length;
}

/** Whether a list of patterns matches; a matching `!pattern` always wins. */
export function matchesPatterns(patterns: readonly string[], name: string): boolean {
  if (patterns.some((each) => each.startsWith("!") && matchesPattern(each.slice(1), name))) return false;
  return patterns.some((each) => !each.startsWith("!") && matchesPattern(each, name));
}
