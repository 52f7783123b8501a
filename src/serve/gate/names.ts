import type { Stored } from "../../model/gate.ts";
import type { Digest } from "../../oci/digest.ts";
import type { Repository } from "../../oci/reference.ts";
import { Lru } from "../store/lru.ts";
import type { Store } from "../store/store.ts";
import { outlineOf, type Named, type Outline } from "./outline.ts";

/** What an agreed document of a repository names, and which document that is. */
export interface Binding extends Named {
  readonly kind: "manifest" | "blob";
  readonly by: Digest;
}

const MOST_REPOSITORIES = 256;
const MOST_OUTLINES = 4096;

/** What the agreed documents of each repository name: read from the store when a repository is asked for first. */
export class Names {
  readonly #store: Store;
  readonly #repositories = new Lru<string, Promise<Map<Digest, Binding>>>(MOST_REPOSITORIES);
  readonly #outlines = new Lru<Digest, Outline>(MOST_OUTLINES);

  constructor(store: Store) {
    this.#store = store;
  }

  /** Null if no agreed document of the repository names it. */
  async find(repository: Repository, digest: Digest): Promise<Binding | null> {
    return (await this.#of(repository)).get(digest) ?? null;
  }

  /** A document was agreed on. */
  async learn(repository: Repository, document: Stored): Promise<void> {
    await this.#read(repository, document, await this.#of(repository));
  }

  /** Null if its bytes are gone. */
  async outline(repository: Repository, document: Stored): Promise<Outline | null> {
    const known = this.#outlines.get(document.digest);
    if (known !== undefined) return known;
    const bytes = await this.#store.read(repository, document.digest, NEVER);
    if (bytes === null) return null;
    const outline = outlineOf(bytes, document.mediaType);
    this.#outlines.set(document.digest, outline);
    return outline;
  }

  #of(repository: Repository): Promise<Map<Digest, Binding>> {
    const key = `${repository.registry}/${repository.repository}`;
    const known = this.#repositories.get(key);
    if (known !== undefined) return known;
    const loading = this.#load(repository);
    this.#repositories.set(key, loading);
    // what could not be read now may be readable the next time
    loading.catch(() => {
      if (this.#repositories.get(key) === loading) this.#repositories.delete(key);
    });
    return loading;
  }

  async #load(repository: Repository): Promise<Map<Digest, Binding>> {
    const bindings = new Map<Digest, Binding>();
    for (const document of await this.#store.documents(repository)) await this.#read(repository, document, bindings);
    return bindings;
  }

  async #read(repository: Repository, document: Stored, bindings: Map<Digest, Binding>): Promise<void> {
    const outline = await this.outline(repository, document);
    if (outline === null) return;
    for (const each of outline.documents) bindings.set(each.digest, { ...each, kind: "manifest", by: document.digest });
    for (const each of outline.blobs) bindings.set(each.digest, { ...each, kind: "blob", by: document.digest });
  }
}

const NEVER = new AbortController().signal;
