import { afterAll } from "vitest";

export interface Stoppable {
  readonly stop: () => Promise<void>;
}

/**
 * `const lab = useLab();` at the top of a test file or a `describe`, then `const vm = await lab(startSshd())`: what was
 * started is stopped after the tests, the newest first.
 */
export function useLab(): <T extends Stoppable>(starting: Promise<T>) => Promise<T> {
  const started: Stoppable[] = [];
  afterAll(async () => {
    for (const each of started.reverse()) await each.stop();
  });
  return async (starting) => {
    const each = await starting;
    started.push(each);
    return each;
  };
}
