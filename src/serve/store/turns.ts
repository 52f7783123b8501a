/** Runs what concerns the same thing one after the other, and everything else at once. */
export interface Turns {
  readonly take: <T>(key: string, work: () => Promise<T>) => Promise<T>;
  /** Resolves when nothing runs any more. */
  readonly ended: () => Promise<void>;
}

export function createTurns(): Turns {
  const last = new Map<string, Promise<void>>();
  return {
    take: async (key, work) => {
      const turn = (last.get(key) ?? Promise.resolve()).then(work);
      const ended = turn.then(
        () => undefined,
        () => undefined,
      );
      last.set(key, ended);
      try {
        return await turn;
      } finally {
        if (last.get(key) === ended) last.delete(key);
      }
    },
    ended: async () => {
      while (last.size > 0) await Promise.all(last.values());
    },
  };
}
