import { expect } from "vitest";
import { makeBottleIndex } from "../lab/bottles.ts";
import type { Liar, LiarRequest } from "../lab/liar.ts";
import { image, type Row } from "./row.ts";
import { open, single, tokens, UNAUTHORIZED, type Gate } from "./shop.ts";

const bottles = makeBottleIndex({ formula: "vim", version: "9.0.1900" });
const GHCR_CHALLENGE = 'Bearer realm="https://ghcr.io/token",service="ghcr.io",scope="repository:user/image:pull"';
const AZURE =
  "https://pkg-containers.githubusercontent.com/ghcr1/blobs/DIGEST?se=2026-10-19T23%3A35%3A00Z&sig=a%2Bb%3D&sp=r&spr=https&sr=b&sv=2019-12-12";

function ghcrGate(liar: Liar, repository: string): Gate {
  return tokens(liar, {
    realm: "https://ghcr.io/token",
    service: "ghcr.io",
    scope: `repository:${repository}:pull`,
    challenge: GHCR_CHALLENGE,
  });
}

export const GHCR_ROWS: readonly Row[] = [
  {
    registry: "ghcr.io",
    does: "names a placeholder as scope, serves an index that does not say what it is, and signed URLs that take no Authorization",
    reference: "ghcr.io/homebrew/core/vim:9.0.1900",
    options: { platform: "darwin/amd64" },
    serve: (liar) =>
      open(liar, {
        host: "ghcr.io",
        repository: "homebrew/core/vim",
        tag: "9.0.1900",
        storage: AZURE,
        gate: ghcrGate(liar, "homebrew/core/vim"),
        artifact: { root: bottles.index, images: [...bottles.images.values()] },
      }),
    outcome: "agreed",
    check: (evidence) => {
      expect(evidence.artifact?.objects.filter((each) => each.role === "manifest")).toHaveLength(4);
      expect(JSON.stringify(evidence)).not.toContain("sig=");
    },
  },
  {
    registry: "ghcr.io",
    does: "says that Accept does not support OCI indexes, because something on the way removed it",
    reference: "ghcr.io/homebrew/core/vim:noaccept",
    serve: (liar) =>
      liar.answer("http://ghcr.io/v2/homebrew/core/vim/manifests/noaccept", {
        status: 404,
        headers: { "Content-Type": "application/json" },
        body: '{"errors":[{"code":"MANIFEST_UNKNOWN","message":"OCI index found, but Accept header does not support OCI indexes"}]}',
      }),
    outcome: "incomplete",
    says: /the registry has it, but says that its type was not accepted; registry said: MANIFEST_UNKNOWN: OCI index found/,
  },
  {
    registry: "ghcr.io",
    does: "really has no such manifest",
    reference: "ghcr.io/homebrew/core/vim:none",
    serve: (liar) =>
      liar.answer("http://ghcr.io/v2/homebrew/core/vim/manifests/none", {
        status: 404,
        headers: { "Content-Type": "application/json" },
        body: '{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}',
      }),
    outcome: "absent",
  },
  {
    registry: "ghcr.io",
    does: "signs URLs that end before they are used, and gives new ones",
    reference: "ghcr.io/owner/late:1",
    serve: (liar) => {
      open(liar, {
        host: "ghcr.io",
        repository: "owner/late",
        tag: "1",
        artifact: single(image),
        gate: ghcrGate(liar, "owner/late"),
      });
      for (const blob of [image.config, ...image.layers]) {
        const storage = `http://pkg-containers.githubusercontent.com/late/${blob.digest}`;
        const gate = ghcrGate(liar, "owner/late");
        const to = (se: string) => (request: LiarRequest) =>
          gate(request) ?? {
            status: 307,
            headers: { Location: `${storage.replace("http:", "https:")}?se=${se}` },
            body: "",
          };
        liar.answer(`http://ghcr.io/v2/owner/late/blobs/${blob.digest}`, to("old"), to("new"));
        liar.answer(`${storage}?se=old`, { status: 403, body: "<Error><Code>AuthenticationFailed</Code></Error>" });
        liar.answer(`${storage}?se=new`, { body: blob.bytes });
      }
    },
    outcome: "agreed",
  },
  {
    registry: "ghcr.io",
    does: "gives no token for a private repository",
    reference: "ghcr.io/owner/private:1",
    serve: (liar) => {
      liar.answer("http://ghcr.io/v2/owner/private/manifests/1", {
        status: 401,
        headers: { "WWW-Authenticate": GHCR_CHALLENGE },
        body: UNAUTHORIZED,
      });
      liar.answer("http://ghcr.io/token?service=ghcr.io&scope=repository%3Aowner%2Fprivate%3Apull", {
        status: 403,
        body: '{"errors":[{"code":"DENIED","message":"requested access to the resource is denied"}]}',
      });
    },
    outcome: "incomplete",
    says: /the token service https:\/\/ghcr\.io\/token gives no token to anonymous users \(403\); it said: DENIED/,
  },
];
