import type { Mention, Pinning } from "../../model/mention.ts";
import { Lines } from "../text.ts";
import type { Format, Found, TextFile } from "./format.ts";
import { byHand, mentionOf, pinningAt, targetOf, unresolved, type Page, type Spot } from "./mentions.ts";
import { notHonoured, remarksAt } from "./remarks.ts";
import { callsOf, tokensOf, type Argument, type Call, type Token } from "./starlark.ts";

export const bazel: Format = {
  source: "bazel",
  claims: ({ path }) =>
    /(?:^|\/)(?:MODULE\.bazel|(?:WORKSPACE|BUILD)(?:\.bazel)?|[^/]+\.(?:bzl|MODULE\.bazel))$/.test(path),
  find: readBazel,
};

const PULLS: ReadonlySet<string> = new Set(["oci.pull", "oci_pull", "container_pull"]);

function readBazel(file: TextFile): Found {
  const page: Page = { source: "bazel", file: file.path, lines: new Lines(file.text), marker: "#" };
  const mentions = callsOf(tokensOf(file.text), PULLS).map((call) => pulled(file.text, page, call));
  return { mentions, unread: notHonoured(file, page.lines, "#") };
}

/** What one call pulls: an `image`, or a `repository` of a `registry`, with a `tag` or a `digest` or both. */
function pulled(text: string, page: Page, call: Call): Mention {
  const { args, name } = call;
  const image = args.get("image") ?? args.get("repository");
  const inner = image?.value == null ? null : contentOf(image.value);
  if (inner === null) {
    const spot = { start: image?.start ?? name.start, end: image?.end ?? name.end };
    const why = image === undefined ? "the call names no image" : "its image is not a plain string";
    const written = text.slice(spot.start, Math.min(spot.end, spot.start + 300));
    return mentionOf(page, { ...spot, text: written }, unresolved(why), byHand(why));
  }
  const parts = ["registry", "tag", "digest"].map((each) => args.get(each));
  const [registry, tag, digest] = parts.map((each) => each?.value?.text ?? "");
  const front = args.has("image") || registry === undefined || registry === "" ? "" : `${registry}/`;
  const behind = `${tag ? `:${tag}` : ""}${digest ? `@${digest}` : ""}`;
  const spot: Spot = { ...inner, text: `${front}${inner.text}${behind}` };
  const computed = parts.some((each) => each !== undefined && each.value === null);
  const target = computed
    ? unresolved("its registry, tag or digest is not a plain string")
    : front === "" && !args.has("image")
      ? unresolved("the call names no registry")
      : targetOf(spot.text);
  const mention = mentionOf(page, spot, target, pinningOf(text, page, inner, args));
  return withRemarksOf(mention, page, args.get("digest"));
}

/** What stands between the quotes of a string. */
function contentOf({ inner, text }: Token): Spot {
  return { start: inner, end: inner + text.length, text };
}

/** The digest stands on another line than the image, and so does the comment that tells its tag. */
function withRemarksOf(mention: Mention, page: Page, digest: Argument | undefined): Mention {
  const reference = mention.target.kind === "reference" ? mention.target.reference : null;
  if (digest === undefined || page.lines.place("", digest.start, digest.end).line === mention.place.line)
    return mention;
  const { comment, ignores } = remarksAt(page.lines, digest.start, reference, page.marker);
  return { ...mention, comment: mention.comment ?? comment, ignores: [...mention.ignores, ...ignores] };
}

function pinningOf(text: string, page: Page, image: Spot, args: ReadonlyMap<string, Argument>): Pinning {
  const digest = args.get("digest")?.value;
  const tag = args.get("tag");
  if (digest != null) {
    const { start, end } = contentOf(digest);
    return { kind: "edits", edits: [{ start, end, before: "", after: "" }] };
  }
  if (image.text.includes("@")) return pinningAt(image);
  if (tag?.value != null) return insteadOf(text, page, tag, tag.value);
  if (image.text.slice(image.text.lastIndexOf("/") + 1).includes(":")) {
    return byHand("the rule takes a tag or a digest, and not both");
  }
  const end = image.end + 1;
  return { kind: "edits", edits: [{ start: end, end, before: ', digest = "', after: '"' }] };
}

/** The rules take a tag or a digest: the digest takes the tag's place, and a comment at the end of its line keeps it. */
function insteadOf(text: string, page: Page, tag: Argument, value: Token): Pinning {
  const end = page.lines.endOfLine(tag.start);
  const rest = text.slice(tag.end, end);
  if (end < tag.end || rest.length > 1000 || /[#(\\]|"""|'''/.test(rest)) {
    return byHand("its tag has to give way to the digest, and its line has no room for a comment");
  }
  const edit = { start: tag.start, end, before: 'digest = "', after: `"${rest} # ${value.text}` };
  return { kind: "edits", edits: [edit] };
}
