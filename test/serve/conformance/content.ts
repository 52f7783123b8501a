import {
  digestOf,
  DOCKER_LIST,
  DOCKER_MANIFEST,
  makeImage,
  makeIndex,
  OCI_INDEX,
  OCI_MANIFEST,
  type Blob,
  type Image,
} from "../../lab/image.ts";
import { pushDocument, pushExactly } from "../../lab/push.ts";
import type { Registry } from "../../lab/registry.ts";

export const NAME = "conformance/pull";
const AMD64 = { os: "linux", architecture: "amd64" };

/** What the suite pushes: two images, tags that lead to one of them, and what the pull side meets besides. */
export interface Content {
  readonly image: Image;
  readonly other: Image;
  readonly docker: Image;
  readonly index: Blob;
  readonly list: Blob;
  /** Of nothing. */
  readonly dummy: string;
}

export const TAGS = ["docker", "index", "list", "other", "test0", "test1", "test2", "test3"];
/** No registry can have it. */
export const INVALID_TAG = ".INVALID_MANIFEST_NAME";
export const ALL_TYPES = [OCI_MANIFEST, OCI_INDEX, DOCKER_MANIFEST, DOCKER_LIST].join(", ");

export function makeContent(): Content {
  const image = makeImage({ layers: [5000, 70], platform: AMD64 });
  const other = makeImage({ layers: [300], platform: { os: "linux", architecture: "arm64" }, named: false });
  const docker = makeImage({ layers: [200], docker: true });
  return {
    image,
    other,
    docker,
    index: makeIndex([{ manifest: image.manifest, platform: AMD64 }]),
    list: makeIndex([{ manifest: docker.manifest, platform: AMD64 }], { docker: true }),
    dummy: digestOf(Buffer.from("nobody has this")),
  };
}

export async function pushContent(registry: Registry, content: Content): Promise<void> {
  const { image, other, docker, index, list } = content;
  for (const tag of ["test0", "test1", "test2", "test3"]) await pushExactly(registry, NAME, tag, image);
  await pushExactly(registry, NAME, "other", other);
  await pushExactly(registry, NAME, "docker", docker);
  await pushDocument(registry, NAME, "index", index);
  await pushDocument(registry, NAME, "list", list);
}
