import { columns, type Topic } from "./topic.ts";

/** Every variable that tofu3 reads on this machine. */
export const VARIABLES: readonly (readonly [name: string, meaning: string])[] = [
  ["TOFU3_CONFIG", "the configuration, if --config names none; - is standard input"],
  ["XDG_CONFIG_HOME", "folder of tofu3/config.yaml and containers/auth.json; ~/.config otherwise"],
  ["XDG_STATE_HOME", "folder of tofu3/ledger.jsonl and its key; ~/.local/state otherwise"],
  ["XDG_RUNTIME_DIR", "folder of containers/auth.json, as podman keeps it"],
  ["REGISTRY_AUTH_FILE", "registry credentials, if --authfile names none"],
  ["DOCKER_CONFIG", "folder of Docker's config.json with credentials; ~/.docker otherwise"],
  ["SSH_AUTH_SOCK", "the agent, unless IdentityAgent in ~/.ssh/config says otherwise"],
  ["HOME", "folder of ~/.ssh, ~/.docker and the defaults above"],
  ["PATH", "where credential helpers and the command of exec are"],
  ["TMPDIR", "where exec makes its private folder; /tmp otherwise"],
  ["LISTEN_FDS, LISTEN_PID", "sockets that systemd hands to tofu3 serve"],
  ["NOTIFY_SOCKET", "where tofu3 serve says that it is ready, by systemd-notify"],
  ["GITHUB_STEP_SUMMARY", "a report to the file that it names is appended, and is what a workflow's page shows"],
  ["NO_COLOR", "no colours, if it is not empty"],
  ["FORCE_COLOR, CLICOLOR_FORCE", "colours where there is no terminal; 0 is not"],
  ["CLICOLOR", "0: no colours"],
  ["TERM", "dumb: no colours, and no live lines"],
];

export const ENVIRONMENT: Topic = {
  name: "environment",
  summary: "the variables that tofu3 reads, and those it ignores",
  lines: () => [
    "Flags beat variables, variables beat files. A variable that is empty counts as unset.",
    "",
    ...columns(VARIABLES),
    "",
    "HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY are ignored, here and on the workers: a path that the report does",
    "not know is no vantage. Write proxy: into the configuration instead (docs/proxies.md).",
  ],
};
