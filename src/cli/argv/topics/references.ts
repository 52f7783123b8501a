import { columns, type Topic } from "./topic.ts";

export const REFERENCES: Topic = {
  name: "references",
  summary: "how REFERENCE, SUBJECT, --platform and DEST are written",
  lines: () => [
    "REFERENCE is [REGISTRY/]REPOSITORY[:TAG][@DIGEST], as docker, skopeo and crane read it, without a scheme:",
    "",
    ...columns([
      ["alpine", "docker.io/library/alpine:latest"],
      ["alpine:3.20", "docker.io/library/alpine:3.20"],
      ["ghcr.io/homebrew/core/vim:9.0.1900", "a Homebrew bottle"],
      ["localhost:5000/app:1", "a registry on another port"],
      ["alpine@sha256:…", "by digest; there is no tag to move"],
      ["alpine:3.20@sha256:…", "the tag, and it must lead to this digest: otherwise changed, exit code 15"],
    ]),
    "",
    "A first part with a dot or a colon, or localhost, is a registry; everything else is on docker.io.",
    "",
    "SUBJECT, of verify, exec and history, may also be the https:// URL of a file (docs/files.md):",
    "",
    ...columns([
      ["https://dl.example/tool-1.0.tar.gz", "without user name and password"],
      ["https://dl.example/tool.whl#sha256=…", "a pin: other bytes are changed, exit code 15"],
    ]),
    "",
    "--platform is OS/ARCH[/VARIANT][:OSVERSION]. It selects every entry of an index that matches:",
    "",
    ...columns([
      ["linux/amd64", ""],
      ["linux/arm/v7", "with its variant"],
      ["windows/amd64:10.0.17763", "with the beginning of its os.version"],
    ]),
    "",
    "--os-version PREFIX and --bottle TAG select as well; tofu3 inspect REFERENCE shows what there is, and what a",
    "selection would be. Without any, the whole index is verified, with everything in it.",
    "",
    "DEST, for -o, is FORMAT:PATH or a path (docs/formats.md):",
    "",
    ...columns([
      ["oci:DIR", "an OCI image layout"],
      ["oci-archive:FILE", "the same as one tar"],
      ["docker-archive:FILE", "one image, as docker load takes it"],
      ["docker-v1:DIR", "one image in the layout of Docker before 1.10"],
      ["file:FILE", "the one blob of a bottle, a chart or another artifact"],
      ["PATH", "file: for an artifact of one layer, oci: for anything else"],
    ]),
  ],
};
