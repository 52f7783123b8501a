import { execFile, spawnSync } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { resolved } from "./resolved.ts";

describe("as ssh itself reads it", () => {
  const config = `
port=2022
Host FRA fr? !frx
  User first # a comment
  IdentityFile ~/.ssh/fr
  IdentityFile ~/.ssh/a
Host !sgp s*
  User negated
Host *.example.org
  ProxyJump none
Host alias
  HostName Target.Example.NET
  ProxyCommand none
Match host target.*
  IdentityFile ~/.ssh/b
Match originalhost alias user root,k?m
  HostKeyAlias matched
Match !originalhost alias,fra
  HostKeyAlias other
Match exec "touch EXECUTED" originalhost nobody
  User executed
Match all
  IdentitiesOnly yes
Host *
  HostName 192.0.2.%h
  User last
  IdentityFile ~/.ssh/a
  IdentityFile ~/.ssh/z
  ProxyJump bastion
`;
  const there = spawnSync("ssh", ["-V"]).error === undefined;
  test
    .skipIf(!there)
    .each(["FRA", "fra", "frx", "fr", "frab", "sgp", "seoul", "vm.example.org", "alias", "ALIAS", "a.b", "::1", "1"])(
    "%s",
    async (alias) => {
      const { home, host } = await resolved({ config, alias });
      const { stdout } = await promisify(execFile)("ssh", ["-G", "-F", join(home, ".ssh/config"), "-l", "kim", alias], {
        cwd: home,
      });
      const lines = stdout
        .trim()
        .split("\n")
        .map((line) => line.split(/ (.*)/s).slice(0, 2) as [string, string]);
      const all = (key: string): string[] => lines.filter(([each]) => each === key).map(([, value]) => value);
      const { host: wished } = await resolved({ config, alias, wishes: { user: "kim" } });
      expect({
        ...wished,
        identityFiles: wished.identityFiles.map(({ file }) => file.replace(/^.*\/\.ssh\//, "~/.ssh/")),
      }).toMatchObject({
        host: all("hostname")[0],
        port: Number(all("port")[0]),
        user: all("user")[0],
        identityFiles: all("identityfile"),
        identitiesOnly: all("identitiesonly")[0] === "yes",
        proxyJump: all("proxyjump")[0] ?? null,
        hostKeyAlias: all("hostkeyalias")[0] ?? null,
      });
      expect(host.host).toBe(wished.host);
    },
  );
});
