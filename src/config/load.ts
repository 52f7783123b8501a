import { Tofu3Error } from "../errors.ts";
import { parseConfig, type Config } from "./config.ts";
import { KIND, namedFile, readFirst, STDIN, usualPlaces, type Surroundings } from "./places.ts";
import { readStdinText } from "../stdin.ts";
import { SHORTEST } from "./shortest.ts";

const PIPE_HINT = "pipe the file in: tofu3 … --config - < tofu3.yaml; or name it: --config tofu3.yaml";

function missing(places: readonly string[]): Tofu3Error {
  return new Tofu3Error(
    "E_CONFIG",
    `no configuration: there is no ${places.join(" and no ")}, and neither --config nor TOFU3_CONFIG names one`,
    {
      hint: `"tofu3 init" writes one, and "tofu3 demo" needs none; the shortest tofu3.yaml that works:\n\n${SHORTEST}
with HOST1 and HOST2 of your two VMs, and as their host keys what "ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub" prints on each of them`,
    },
  );
}

/**
 * Finds, reads and checks the configuration: `flag` (`--config`), TOFU3_CONFIG, `./tofu3.yaml`,
 * `$XDG_CONFIG_HOME/tofu3/config.yaml`. If a file is named, looks only there; `-` is standard input. Null if none is
 * named and none exists. Throws E_CONFIG.
 */
export async function findConfig(flag: string | null, surroundings: Surroundings): Promise<Config | null> {
  const { home } = surroundings;
  const named = namedFile(flag, surroundings);
  if (named?.path === STDIN) {
    const text = await readStdinText(surroundings.stdin, KIND, PIPE_HINT);
    return parseConfig(text, { file: "<stdin>", folder: surroundings.cwd, home });
  }
  const found = await readFirst(named, surroundings);
  if (found !== null) return parseConfig(found.text, { file: found.file, home });
  if (named === null) return null;
  throw new Tofu3Error(
    "E_CONFIG",
    `cannot read the configuration ${JSON.stringify(named.path)}, which ${named.by} names: there is no such file`,
    {
      hint: `check the path, or leave it out: tofu3 then looks for ${usualPlaces(surroundings).join(" and ")}; "tofu3 init" writes one`,
    },
  );
}

/** The same for commands that need a configuration: throws E_CONFIG with the shortest one that works. */
export async function loadConfig(flag: string | null, surroundings: Surroundings): Promise<Config> {
  const config = await findConfig(flag, surroundings);
  if (config !== null) return config;
  throw missing(usualPlaces(surroundings));
}
