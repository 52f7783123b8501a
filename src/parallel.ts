/** Runs the work, or queues it until there is room. */
export type Gate = <T>(work: () => Promise<T>, weight?: number) => Promise<T>;

/**
 * At most `places` works at a time, and at most `most` in total weight unless a single one is heavier. First come,
 * first served.
 */
export function createGate(places: number, most = Infinity): Gate {
  let running = 0;
  let carried = 0;
  const waiting: { readonly weight: number; readonly enter: () => void }[] = [];
  const fits = (weight: number): boolean => running < places && (running === 0 || carried + weight <= most);
  const take = (weight: number): void => {
    running += 1;
    carried += weight;
  };
  const leave = (weight: number): void => {
    running -= 1;
    carried -= weight;
    for (let next = waiting[0]; next !== undefined && fits(next.weight); next = waiting[0]) {
      waiting.shift();
      take(next.weight);
      next.enter();
    }
  };
  return async (work, weight = 0) => {
    if (waiting.length === 0 && fits(weight)) take(weight);
    else await new Promise<void>((enter) => waiting.push({ weight, enter }));
    try {
      return await work();
    } finally {
      leave(weight);
    }
  };
}
