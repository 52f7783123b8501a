import { Tofu3Error } from "../../errors.ts";
import { parseFileUrl } from "../../file/url.ts";
import type { Target } from "../../model/mention.ts";
import { unresolved } from "./mentions.ts";

const GITHUB = "https://github.com/";
const LONGEST_REF = 255;

/**
 * `OWNER/REPO[/PATH]@REF` of GitHub, or with the `https:` URL of another server before it, as Gitea and Forgejo take it.
 * Their own short form leads to whatever their settings say.
 */
export function gitTargetOf(text: string, file: string): Target {
  const at = text.lastIndexOf("@");
  const [name, ref] = at === -1 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
  if (text.includes("${{")) return unresolved("an expression in it is known only when the workflow runs");
  if (!isRef(ref)) return unresolved("there is no ref of Git behind an @ in it");
  const [, base, path = ""] = /^(https:\/\/[^/?#]+\/)?([^?#]*)$/i.exec(name) ?? [];
  const [owner = "", repository = ""] = path.split("/");
  if (![owner, repository].every((each) => /^[\w.-]{1,100}$/.test(each) && !/^\.+$/.test(each)))
    return unresolved("it is not OWNER/REPO@REF");
  if (base === undefined && /(?:^|\/)\.(?:gitea|forgejo)\//.test(file))
    return unresolved("the settings of its server say where its actions come from");
  try {
    const { url } = parseFileUrl(`${base ?? GITHUB}${owner}/${repository.replace(/\.git$/, "")}`);
    return { kind: "listed", listed: { repository: url, ref } };
  } catch (error) {
    if (!(error instanceof Tofu3Error)) throw error;
    return unresolved("its server is no https: URL");
  }
}

/** git-check-ref-format(1), as far as it keeps a name from being anything else. */
function isRef(ref: string): boolean {
  return ref.length > 0 && ref.length <= LONGEST_REF && /^[\w.+/=,-]+$/.test(ref) && !ref.includes("..");
}
