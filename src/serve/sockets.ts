import { Tofu3Error } from "../errors.ts";
import type { ListenAddress, ServeConfig } from "../config/serve.ts";

/** Where to listen, and for what. */
export interface Place {
  readonly address: ListenAddress;
  readonly role: "registry" | "admin";
  /** An inherited socket; null where one is to be opened. */
  readonly fd: number | null;
}

/** sd_listen_fds(3) */
const FIRST_FD = 3;

/**
 * Every listener of the configuration, with the sockets that systemd passes (LISTEN_FDS), in the order of
 * `serve.listen`; one more is for `serve.admin`. Throws E_CONFIG for another number of them.
 */
export function placesOf(
  { listen, admin }: Pick<ServeConfig, "listen" | "admin">,
  env: Readonly<Record<string, string | undefined>>,
  pid: number,
): readonly Place[] {
  const count = env["LISTEN_PID"] === String(pid) ? Number(env["LISTEN_FDS"] ?? 0) : 0;
  const wanted: readonly Omit<Place, "fd">[] = [
    ...listen.map((address) => ({ address, role: "registry" as const })),
    ...(admin === null ? [] : [{ address: admin, role: "admin" as const }]),
  ];
  if (count !== 0 && count !== listen.length && count !== wanted.length)
    throw new Tofu3Error("E_CONFIG", `systemd passes ${count} sockets, and serve.listen has ${listen.length} entries`, {
      hint: "give the socket unit one ListenStream for each entry, in the same order, and one more for serve.admin if it is to have one",
    });
  return wanted.map((each, index) => ({ ...each, fd: index < count ? FIRST_FD + index : null }));
}
