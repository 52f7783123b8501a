import { visible } from "../../src/errors.ts";
import { parseChallenges } from "../../src/oci/challenge.ts";
import { parseContentRange } from "../../src/oci/contentrange.ts";
import { bottleOf, formulaOfRepository, versionMismatch } from "../../src/oci/homebrew.ts";
import { parseJson } from "../../src/oci/json.ts";
import { nextPage } from "../../src/oci/link.ts";
import { parseManifest } from "../../src/oci/manifest.ts";
import { isMediaType, normaliseMediaType, OCI_INDEX, OCI_MANIFEST } from "../../src/oci/mediatype.ts";
import { matchesOsVersion, parsePlatform } from "../../src/oci/platform.ts";
import { parseReference, registryHost } from "../../src/oci/reference.ts";
import { parseRegistryErrors } from "../../src/oci/registryerror.ts";
import { parseSchema1 } from "../../src/oci/schema1.ts";
import { trimBoth } from "../../src/oci/trim.ts";
import { many, numbered, rowsOf, type Row } from "./shapes.ts";

const HEX = "ab".repeat(32);
const REF_NAME = "org.opencontainers.image.ref.name";
const LAYER = `{"mediaType":"application/vnd.oci.image.layer.v1.tar","size":1,"digest":"sha256:${HEX}"}`;
const ENTRY = (index: number): string =>
  `{"mediaType":"${OCI_MANIFEST}","size":1,"digest":"sha256:${HEX}","annotations":{"a${index}":"1.aaaaaaaaaaaaaa"}}`;
const CONFIG = LAYER.replace("layer.v1.tar", "config.v1+json");

const json = (text: string): unknown => parseJson(Buffer.from(text), { what: "it" });
const manifest = (text: string): unknown => parseManifest(Buffer.from(text));

/** What a registry says in documents and headers. */
export const OCI_ROWS: readonly Row[] = [
  ...rowsOf("visible", (text) => visible(text, 200), {
    "control characters": many("\x1b"),
    "half surrogates": many("\ud800"),
    letters: many("a"),
  }),
  ...rowsOf("trimBoth", (text) => trimBoth(text, " \t"), {
    "blanks within": many(" ", "a", "a"),
    "blanks around": (count) => `${" ".repeat(count)}a${" ".repeat(count)}`,
    "words and blanks": many("a   "),
  }),
  ...rowsOf("parseChallenges", parseChallenges, {
    blanks: many(" ", "Basic ", "\0"),
    "blanks before a value": many(" ", "Basic a=", ","),
    commas: many(",", "Basic", ",="),
    "escapes in a quote that does not close": many("\\\\", 'Basic a="'),
    "quotes in quotes": many('\\"', 'Basic a="', '"'),
    "one parameter again and again": many("a=b,", "Basic "),
    "parameters that differ": numbered((index) => `a${index}=b`, "Basic "),
    "token68 that is none": many("a", "Basic ", "===!"),
    "equal signs": many("=", "Basic a"),
    schemes: many("Basic "),
  }),
  ...rowsOf("nextPage", (text) => nextPage("https://registry.example/v2/x/tags/list", text), {
    blanks: many(" ", "", "<"),
    "blanks behind": many(" ", "<a>", "!"),
    brackets: many("<"),
    "empty links": many("<>,"),
    parameters: many(";a=b", "<a>"),
    "blanks in parameters": many(";   ", "<a>"),
    "escapes in a quote that does not close": many("\\\\", '<a>;a="'),
    "relations of blanks": many(" ", '<a>;rel="', '"'),
    commas: many(",", "<a>", "<"),
  }),
  ...rowsOf("parseContentRange", parseContentRange, {
    digits: many("1", "bytes ", "-1/1"),
    blanks: many(" ", "bytes", "1"),
  }),
  ...rowsOf("isMediaType", isMediaType, { letters: many("a"), slashes: many("a/") }),
  ...rowsOf("normaliseMediaType", normaliseMediaType, { blanks: many(" ", "a", "a"), semicolons: many(";") }),
  ...rowsOf("parsePlatform", parsePlatform, {
    slashes: many("a/"),
    letters: many("a", "linux/"),
    blanks: many(" ", "a/b:", "a"),
  }),
  ...rowsOf("matchesOsVersion", (text) => matchesOsVersion({ os: "a", architecture: "b", osVersion: text }, "1"), {
    digits: many("1"),
    blanks: many(" ", "1", "a"),
  }),
  ...rowsOf("parseReference", (text) => registryHost(parseReference(text)), {
    "letters and hyphens": many("a-", "", "/"),
    components: many("a/"),
    "labels of a host": many("a.", "a.b", "/x"),
    underscores: many("a__"),
    colons: many(":", "a"),
    digits: many("1", "a.b:", "/x"),
  }),
  ...rowsOf("parseRegistryErrors", (text) => parseRegistryErrors(Buffer.from(text)), {
    errors: many('{"code":"A","message":"\\u001b"},', '{"errors":[', "{}]}"),
    brackets: many("["),
  }),
  ...rowsOf("bottleOf", (text) => bottleOf({ annotations: { [REF_NAME]: text } }), {
    letters: many("a", "1.", "!"),
    dots: many("."),
    tags: many("a."),
    digits: many("1", "a.", "."),
  }),
  ...rowsOf(
    "versionMismatch",
    (text) =>
      versionMismatch(
        {
          annotations: { "sh.brew": "" },
          manifests: [{ annotations: { "sh.brew.bottle.digest": "", [REF_NAME]: text } }],
        },
        "1",
      ),
    { letters: many("a", "1.", "!"), "dots and letters": many("a.", "1.") },
  ),
  ...rowsOf("formulaOfRepository", (text) => formulaOfRepository(text), {
    slashes: many("/", "a/b"),
    letters: many("a", "", "\n"),
  }),
  ...rowsOf("parseJson", json, {
    blanks: many(" ", "[", "]"),
    "open lists": many("["),
    "open objects": many('{"a":'),
    "closed lists": many("[],", "[", "[]]"),
    "escapes in a string that does not close": many("\\u0041", '"'),
    escapes: many('\\"', '"', '"'),
    "escaped strings": many('"\\n",', "[", "0]"),
    digits: many("1"),
    fractions: many("0", "1."),
    exponents: many("1e", "1e"),
    numbers: many("1,", "[", "1]"),
    keys: numbered((index) => `"k${index}":1`, "{", "}"),
    "keys that are indexes": numbered((index) => `"${index * 4099}":1`, "{", "}"),
    "keys in another case": numbered((index) => `"K\u0130${index}":1`, "{", "}"),
    "one long key": many("K", '{"', '":1}'),
    "what is no UTF-8": many("\ud800", '"', '"'),
  }),
  ...rowsOf("parseManifest", manifest, {
    layers: numbered(
      () => LAYER,
      `{"schemaVersion":2,"mediaType":"${OCI_MANIFEST}","config":${CONFIG},"layers":[`,
      "]}",
    ),
    entries: numbered(ENTRY, `{"schemaVersion":2,"mediaType":"${OCI_INDEX}","manifests":[`, "]}"),
    annotations: numbered(
      (index) => `"a${index}":"b"`,
      `{"schemaVersion":2,"mediaType":"${OCI_INDEX}","manifests":[],"annotations":{`,
      "}}",
    ),
    "a media type of letters": many("a", '{"schemaVersion":2,"mediaType":"', '"}'),
    "a digest of digits": many(
      "1",
      `{"schemaVersion":2,"mediaType":"${OCI_MANIFEST}","config":{"digest":"sha256:`,
      '"}}',
    ),
  }),
  ...rowsOf("parseSchema1", (text) => parseSchema1(Buffer.from(text), null), {
    history: numbered(
      () => `{"v1Compatibility":"{\\"id\\":\\"${HEX}\\"}"}`,
      `{"schemaVersion":1,"name":"a","tag":"b","architecture":"c","fsLayers":[{"blobSum":"sha256:${HEX}"}],"history":[`,
      "]}",
    ),
    "layers without history": numbered(
      () => `{"blobSum":"sha256:${HEX}"}`,
      '{"schemaVersion":1,"history":[],"fsLayers":[',
      "]}",
    ),
    "a protected of letters": many("A", '{"schemaVersion":1,"signatures":[{"protected":"', '!"}]}'),
    signatures: numbered(() => `{"protected":"e30"}`, '{"schemaVersion":1,"signatures":[', "]}"),
  }),
];
