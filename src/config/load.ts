import { Tofu3Error } from "../errors.ts";
import { parseConfig, type Config } from "./config.ts";
import { KIND, namedFile, readFirst, STDIN, usualPlaces, type Surroundings } from "./places.ts";
import { SHORTEST } from "./shortest.ts";

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

/** All of standard input, once. Throws E_CONFIG for a terminal, for too much, and for what is not UTF-8. */
async function readStdin(stdin: Surroundings["stdin"]): Promise<string> {
  const refuse = (why: string, hint: string): Tofu3Error =>
    new Tofu3Error("E_CONFIG", `cannot read the configuration from standard input: ${why}`, { hint });
  if (stdin === undefined || stdin.isTTY === true)
    throw refuse(
      "it is a terminal",
      "pipe the file in: tofu3 … --config - < tofu3.yaml; or name it: --config tofu3.yaml",
    );
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stdin) {
    chunks.push(Buffer.from(chunk));
    size += chunks.at(-1)?.length ?? 0;
    if (size > KIND.limit) throw refuse(`it is larger than ${KIND.limit} bytes`, "is it the right file?");
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(Buffer.concat(chunks));
  } catch {
    throw refuse("it is not UTF-8 text", "is it the right file?");
  }
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
    const text = await readStdin(surroundings.stdin);
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
