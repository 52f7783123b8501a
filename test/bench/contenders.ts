import { join } from "node:path";
import { skopeoOptions } from "../lab/push.ts";
import { coldCopy, copyThroughGate, fiftyClients, largeBlob, manifests } from "./gate.ts";
import type { Ground } from "./ground.ts";
import { makeTree } from "./tree.ts";

/** A way to get and check one image; `out` is a path that does not exist. */
export type Contender = (ground: Ground, image: string, out: string) => Promise<string>;

const ROOT = join(import.meta.dirname, "../..");
const quote = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
const inPlace = (ground: Ground, command: string): string =>
  ground.prefix === "" ? command : `${ground.prefix} bash -c ${quote(command)}`;

function onVm(ground: Ground, at: number, command: string): string {
  const vm = ground.vms[at];
  if (vm === undefined) throw new Error(`no VM ${at}`);
  const ssh = `ssh -q -i ${vm.identityFile} -o UserKnownHostsFile=${ground.folder}/known_hosts -o StrictHostKeyChecking=yes -p ${vm.port} ${vm.user}@${vm.host}`;
  return `${ssh} ${quote(command)}`;
}

function tofu3(vms: number, more = ""): Contender {
  return async (ground, image, out) => {
    const config = await ground.config(vms);
    return inPlace(
      ground,
      `node ${ROOT}/bin/tofu3.js verify ${ground.registry.host}/${image}:latest --config ${config} --quiet --no-progress -o oci:${out}${more}`,
    );
  };
}

function references(count: number, who = "all"): Contender {
  return async (ground) =>
    inPlace(
      ground,
      `node ${join(import.meta.dirname, "resolve.mjs")} ${await ground.config(2)} ${ground.registry.host}/pins ${count} ${who}`,
    );
}

/** The command on a tree of 5,000 files; 20 says that none of them is pinned. */
function audit(count: number): Contender {
  return async (ground) => {
    const tree = await makeTree(ground, count);
    const config = await ground.config(2);
    const state = `XDG_STATE_HOME=$(mktemp -d ${ground.folder}/state.XXXXXX)`;
    const flags = `--config ${config} --allow-private --quiet --no-progress`;
    return inPlace(ground, `${state} node ${ROOT}/bin/tofu3.js audit ${tree} ${flags}; test $? = 20`);
  };
}

/** Verified one after the other by one process that opens its vantages once. */
function inTurn(count: number): Contender {
  return async (ground) =>
    inPlace(
      ground,
      `node ${join(import.meta.dirname, "inturn.mjs")} ${await ground.config(2)} ${ground.registry.host}/pins ${count}`,
    );
}

/** What the command does, with or without the ledger. */
function once(remember: string): Contender {
  return async (ground, image, out) =>
    inPlace(
      ground,
      `node ${join(import.meta.dirname, "once.mjs")} ${await ground.config(2)} ${ground.registry.host}/${image}:latest ${out} ${remember}`,
    );
}

function processes(count: number): Contender {
  return async (ground) => {
    const config = await ground.config(2);
    const one = `node ${ROOT}/bin/tofu3.js verify ${ground.registry.host}/pins:$i --config ${config} --quiet --no-progress`;
    return inPlace(ground, `for i in $(seq 0 ${count - 1}); do ${one} >/dev/null || exit; done`);
  };
}

async function skopeo(ground: Ground, image: string, out: string): Promise<string> {
  const options = (await skopeoOptions(ground.registry, "src")).join(" ");
  const all = image.endsWith("bottles") ? "--all " : "";
  return `skopeo copy -q ${all}${options} docker://${ground.registry.host}/${image}:latest oci:${out}:latest`;
}

/** The three commands of a person who compares by hand: here, and on two VMs. */
async function byHand(
  make: (ground: Ground, image: string, out: string) => Promise<string>,
  ground: Ground,
  image: string,
  out: string,
): Promise<string[]> {
  return [
    await make(ground, image, `${out}-0`),
    onVm(ground, 0, await make(ground, image, `${out}-1`)),
    onVm(ground, 1, await make(ground, image, `${out}-2`)),
  ];
}

/** What the shell script of the method does: manifest, then each blob to a file, then sha256sum. */
function script(ground: Ground, image: string, out: string): Promise<string> {
  const base = `${ground.registry.url}/v2/${image}`;
  const curl = `curl -sfL --cacert ${ground.registry.caFile ?? ""}`;
  const manifest = `${curl} -H "Accept: application/vnd.oci.image.manifest.v1+json" -o ${out}/manifest.json ${base}/manifests/latest`;
  return Promise.resolve(
    `mkdir ${out} && ${manifest} && for d in $(grep -o "sha256:[0-9a-f]*" ${out}/manifest.json); do ${curl} -o ${out}/\${d#*:} ${base}/blobs/$d; done && sha256sum ${out}/* >/dev/null`,
  );
}

async function floorHere(ground: Ground, image: string, out: string): Promise<string> {
  const { registry } = ground;
  const curl = `curl -sf --cacert ${registry.caFile ?? ""}`;
  return Promise.resolve(
    `mkdir ${out} && d=$(${curl} -H "Accept: application/vnd.oci.image.manifest.v1+json" ${registry.url}/v2/${image}/manifests/latest | grep -o "sha256:[0-9a-f]*" | tail -n 1) && ${curl} ${registry.url}/v2/${image}/blobs/$d | tee ${out}/blob | openssl dgst -sha256`,
  );
}

async function floorThere(ground: Ground, image: string, out: string): Promise<string> {
  return (await floorHere(ground, image, out)).replace(`| tee ${out}/blob `, "");
}

/** The same with VMs that have a key; the others of the round have VMs without. */
async function signing(ground: Ground, image: string, out: string): Promise<string> {
  const homes = ground.vms.slice(0, 2).map(({ home }) => `${home}/.ssh`);
  const make = homes.map((home) => `mkdir -p ${home} && ssh-keygen -q -t ed25519 -N "" -f ${home}/tofu3_sign <&-`);
  const command = await tofu3(2)(ground, image, out);
  return `${make.join(" && ")} && ${command}; status=$?; rm -r ${homes.join(" ")}; exit $status`;
}

/** The one layer of the image by the URL of its blob, as a file of the web. */
async function asFile(ground: Ground, image: string, out: string): Promise<string> {
  const { caFile, url } = ground.registry;
  const manifest = `curl -sSf ${caFile === null ? "" : `--cacert ${caFile} `}-H "Accept: application/vnd.oci.image.manifest.v1+json" ${url}/v2/${image}/manifests/latest`;
  const digest = `d=$(${manifest} | grep -o "sha256:[0-9a-f]*" | tail -n 1)`;
  const verify = `node ${ROOT}/bin/tofu3.js verify ${url}/v2/${image}/blobs/$d --config ${await ground.config(2)}`;
  return inPlace(ground, `${digest} && ${verify} --quiet --no-progress -o file:${out}`);
}

export const CONTENDERS = {
  tofu3: tofu3(2),
  "tofu3, VMs that sign": signing,
  "tofu3, the layer by its URL": asFile,
  "tofu3, five workers": tofu3(4),
  "tofu3, seven workers": tofu3(6),
  "tofu3, nine workers": tofu3(8),
  "tofu3, until its first line": async (ground, image, out) => {
    const command = (await tofu3(2)(ground, image, out)).replace(" --quiet --no-progress", "");
    return `exec 3< <(exec ${command} 2>&1 >/dev/null); head -n 1 <&3 >/dev/null; kill $!; wait $! || true`;
  },
  "tofu3, local worker alone": async (ground, image, out) =>
    inPlace(
      ground,
      `node ${join(import.meta.dirname, "local.mjs")} ${await ground.config(2)} ${ground.registry.host}/${image}:latest ${out}`,
    ),
  "skopeo copy": async (ground, image, out) => inPlace(ground, await skopeo(ground, image, out)),
  "three skopeo, in turn": async (ground, image, out) =>
    inPlace(ground, (await byHand(skopeo, ground, image, out)).join(" && ")),
  "three skopeo, in parallel": async (ground, image, out) =>
    inPlace(ground, `${(await byHand(skopeo, ground, image, out)).join(" & ")} & wait`),
  "three scripts, in turn": async (ground, image, out) =>
    inPlace(ground, (await byHand(script, ground, image, out)).join(" && ")),
  "floor: three curl|openssl": async (ground, image, out) =>
    inPlace(
      ground,
      `${[await floorHere(ground, image, `${out}-0`), onVm(ground, 0, await floorThere(ground, image, `${out}-1`)), onVm(ground, 1, await floorThere(ground, image, `${out}-2`))].map((each) => `{ ${each}; }`).join(" & ")} & wait`,
    ),
  "floor: curl|tee|openssl": async (ground, image, out) => inPlace(ground, await floorHere(ground, image, out)),
  "one verification, not remembered": once("no"),
  "one verification, remembered": once("yes"),
  "one verification, after 10,000 others": once("after-10000"),
  "20 jobs, one set of vantages": inTurn(20),
  "20 jobs, 20 processes": processes(20),
  "tofu3, 1 reference": references(1),
  "tofu3, 50 references": references(50),
  "tofu3, 500 references": references(500),
  "one VM alone, 500 references": references(500, "vm1"),
  "tofu3 audit, 50 references in 5,000 files": audit(50),
  "tofu3 audit, 500 references in 5,000 files": audit(500),
  "skopeo inspect --raw × 50": async (ground) => {
    const options = (await skopeoOptions(ground.registry, "")).join(" ");
    return inPlace(
      ground,
      `for i in $(seq 0 49); do skopeo inspect --raw ${options} docker://${ground.registry.host}/pins:$i >/dev/null || exit 1; done`,
    );
  },
  "gate, 5,000 manifests": (ground, image) => manifests(ground, image, "gate", 5_000),
  "docker-registry, 5,000 manifests": (ground, image) => manifests(ground, image, "docker-registry", 5_000),
  "gate, one blob × 8": (ground, image) => largeBlob(ground, image, "gate"),
  "docker-registry, one blob × 8": (ground, image) => largeBlob(ground, image, "docker-registry"),
  "curl through a cold gate": copyThroughGate,
  "tofu3 of the same": async (ground, image, out) => tofu3(2)(ground, await coldCopy(ground, image), out),
  "gate, 50 clients of one image": (ground, image, out) => fiftyClients(ground, image, out, 1),
  "gate, 50 clients of 50 images": (ground, image, out) => fiftyClients(ground, image, out, 50),
  "tofu3 --version": () => Promise.resolve(`node ${ROOT}/bin/tofu3.js --version`),
  "tofu3 --help": () => Promise.resolve(`node ${ROOT}/bin/tofu3.js --help`),
  "node -e 0": () => Promise.resolve("node -e 0"),
} satisfies Record<string, Contender>;

export type ContenderName = keyof typeof CONTENDERS;
