import { Tofu3Error } from "../errors.ts";
import { toRaise } from "../http/raise.ts";
import { SLOWEST_BYTES_PER_SECOND } from "../http/speed.ts";

/** The timers of one exchange. They report only one fault. */
export interface Patience {
  /** Starts waiting for headers. */
  answer(): void;
  /** Starts waiting for the body, at a minimum speed; without calls to `progress` all of it has one `idleSeconds`. */
  body(): void;
  progress(bytes: number): void;
  /** This side is busy: no timer counts against the peer. */
  hold(): void;
  release(): void;
  end(): void;
}

/** `onFault` gets E_TIMEOUT, with stage `http` or `body`. */
export function createPatience(host: string, idleSeconds: number, onFault: (fault: Tofu3Error) => void): Patience {
  const period = idleSeconds * 1000;
  let idle: NodeJS.Timeout | undefined;
  let speed: NodeJS.Timeout | undefined;
  let bytes = 0;
  let held = false;
  let heldLately = false;
  const fault = (stage: "http" | "body", what: string): void =>
    onFault(
      new Tofu3Error("E_TIMEOUT", `${host}: ${what}`, {
        stage,
        hint: `check the network, or ${toRaise("idleSeconds", idleSeconds)}`,
      }),
    );
  const measure = (): void => {
    if (!heldLately && bytes < SLOWEST_BYTES_PER_SECOND * idleSeconds)
      fault("body", `only ${bytes} bytes of the body in ${idleSeconds} s (idleSeconds)`);
    bytes = 0;
    heldLately = held;
  };
  const end = (): void => {
    clearTimeout(idle);
    clearInterval(speed);
  };
  return {
    answer: () => {
      end();
      idle = setTimeout(() => fault("http", `no answer within ${idleSeconds} s (idleSeconds)`), period);
    },
    body: () => {
      end();
      idle = setTimeout(() => held || fault("body", `nothing of the body for ${idleSeconds} s (idleSeconds)`), period);
      speed = setInterval(measure, period);
    },
    progress: (count) => {
      bytes += count;
      idle?.refresh();
    },
    hold: () => {
      held = true;
      heldLately = true;
    },
    release: () => {
      held = false;
      idle?.refresh();
    },
    end,
  };
}
