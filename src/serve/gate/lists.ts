import type { Refused } from "../../model/gate.ts";
import type { Repository } from "../../oci/reference.ts";
import { hindrance, mayBePrivate, type Tower } from "./control.ts";
import { Memos } from "./memos.ts";
import { inTime, LATE, type Waiter } from "./patience.ts";
import { refused } from "./sentences.ts";

type List = readonly string[] | Refused;

/** Lists of tags: one question at a time for each repository, and its answer for `tagTtl`. */
export class Lists {
  readonly #tower: Tower;
  readonly #memos: Memos<List>;
  readonly #asked = new Map<string, Promise<List>>();

  constructor(tower: Tower) {
    this.#tower = tower;
    this.#memos = new Memos(tower.now, MOST_LISTS);
  }

  async tags(repository: Repository, waiter: Waiter): Promise<List> {
    const key = `${repository.registry}/${repository.repository}`;
    const known = this.#memos.find(key);
    if (known !== null) return known;
    const asked = this.#asked.get(key);
    const hindered = asked === undefined ? this.#hindrance(repository) : null;
    if (hindered !== null) return hindered;
    const list = await inTime(asked ?? this.#ask(key, repository), waiter);
    return list === LATE ? refused("verifying", `still asking all vantages for the tags of ${key}; ask again`) : list;
  }

  /** A question goes on when its client leaves: whoever comes and goes must not have one for each repository. */
  #hindrance(repository: Repository): Refused | null {
    const asking = this.#asked.size;
    if (asking >= this.#tower.config.limits.flights)
      return refused("busy", `all vantages are asked for the tags of ${asking} repositories already`);
    return hindrance(this.#tower, repository, "documents");
  }

  #ask(key: string, repository: Repository): Promise<List> {
    const { vantages, config, ending } = this.#tower;
    const asked = vantages
      .tags(repository, mayBePrivate(this.#tower, repository), ending)
      .then((list): List => {
        if (!("code" in list)) return list;
        return refused(list.code === "E_NOT_FOUND" ? "absent" : "incomplete", list.message);
      })
      .catch((thrown: unknown): List => refused("broken", thrown instanceof Error ? thrown.message : String(thrown)))
      .then((list) => {
        this.#asked.delete(key);
        this.#memos.keep(key, list, "kind" in list ? REFUSED_SECONDS : config.tagTtl);
        return list;
      });
    this.#asked.set(key, asked);
    return asked;
  }
}

const REFUSED_SECONDS = 5;
/** A list may be megabytes long. */
const MOST_LISTS = 64;
