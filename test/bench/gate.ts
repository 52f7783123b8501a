import { join } from "node:path";
import { PROGRAM } from "../lab/cli.ts";
import { ask } from "../lab/push.ts";
import type { Ground } from "./ground.ts";

const OCI = "application/vnd.oci.image.manifest.v1+json";
const READERS = 8;

interface Manifest {
  readonly config: { readonly digest: string };
  readonly layers: readonly { readonly digest: string }[];
}

async function manifestOf({ registry }: Ground, image: string): Promise<{ bytes: Buffer; blobs: readonly string[] }> {
  const { body } = await ask(registry, "GET", `/v2/${image}/manifests/latest`, { headers: { accept: OCI } });
  const { config, layers } = JSON.parse(body.toString("utf8")) as Manifest;
  return { bytes: body, blobs: [config, ...layers].map(({ digest }) => digest) };
}

/** The same image under a name that nobody has asked for yet, so that the gate has nothing of it. */
export async function coldCopy(ground: Ground, image: string): Promise<string> {
  const name = `cold${process.hrtime.bigint()}`;
  const { bytes, blobs } = await manifestOf(ground, image);
  for (const digest of blobs)
    await ask(ground.registry, "POST", `/v2/${name}/blobs/uploads/?mount=${digest}&from=${image}`);
  const headers = { "content-type": OCI };
  await ask(ground.registry, "PUT", `/v2/${name}/manifests/latest`, { body: bytes, headers });
  return name;
}

type Server = "gate" | "docker-registry";

/** Where the image is warm: the gate has all of it already, and has read it once. */
async function warm(ground: Ground, image: string, server: Server): Promise<string> {
  if (server === "docker-registry") return ground.registry.url;
  const { url } = await ground.gate();
  for (const path of ["manifests/latest", ...(await manifestOf(ground, image)).blobs.map((each) => `blobs/${each}`)]) {
    const answer = await fetch(`${url}/v2/${image}/${path}`);
    await answer.body?.pipeTo(new WritableStream());
    if (!answer.ok) throw new Error(`the gate does not give ${image}/${path}`);
  }
  return url;
}

/** So many requests for one manifest by its tag, over 8 connections. */
export async function manifests(ground: Ground, image: string, server: Server, count: number): Promise<string> {
  const url = `${await warm(ground, image, server)}/v2/${image}/manifests/latest`;
  const said = `${ground.folder}/ab.txt`;
  const ab = `ab -q -k -c ${READERS} -n ${count} -H "Accept: ${OCI}" ${url} >${said}`;
  return `${ab} && grep -q "^Failed requests: *0$" ${said} && ! grep -q Non-2xx ${said}`;
}

/** The largest blob, by 8 readers at once. */
export async function largeBlob(ground: Ground, image: string, server: Server): Promise<string> {
  const url = await warm(ground, image, server);
  const digest = (await manifestOf(ground, image)).blobs.at(-1) ?? "";
  return inParallel(Array.from({ length: READERS }, () => `curl -sf -o /dev/null ${url}/v2/${image}/blobs/${digest}`));
}

/** Everything is started, then waited for; whatever fails fails the command. */
function inParallel(commands: readonly string[]): string {
  return `p=(); ${commands.map((each) => `{ ${each}; } & p+=($!);`).join(" ")} for i in \${p[@]}; do wait $i || exit 1; done`;
}

/**
 * An image that the gate does not know, by a client that does nothing but ask: the manifest, then all blobs over 6
 * connections. skopeo takes more processor time for 200 blobs than all that is to be measured.
 */
export async function copyThroughGate(ground: Ground, image: string, out: string): Promise<string> {
  const { url } = await ground.gate();
  const base = `${url}/v2/${await coldCopy(ground, image)}`;
  const document = `curl -sf -H "Accept: ${OCI}" -o ${out}/manifest.json ${base}/manifests/latest`;
  const list = `grep -o "sha256:[0-9a-f]*" ${out}/manifest.json | sed "s|.*|url = ${base}/blobs/&\\noutput = ${out}/&|"`;
  return `mkdir ${out} && ${document} && ${list} | curl -sfZ --parallel-max 6 --fail-early -K - && test $(ls ${out} | wc -l) -gt 2`;
}

/**
 * A gate of its own from its start to its end, and 50 clients that pull from it at once: the same image, or each another
 * one. The most memory of all of these processes is that of the gate.
 */
export async function fiftyClients(ground: Ground, image: string, out: string, images: 1 | 50): Promise<string> {
  const names: string[] = [];
  for (let at = 0; at < images; at++) names.push(await coldCopy(ground, image));
  const said = join(ground.folder, "gate.txt");
  const words = `--config ${await ground.config(2)} --listen 127.0.0.1:0=${ground.registry.host} --store ${out}`;
  const clients = Array.from({ length: 50 }, (_, at) => {
    const base = `$a/v2/${names[at % images] ?? ""}`;
    const document = `d=$(curl -sf --retry 20 -H "Accept: ${OCI}" ${base}/manifests/latest)`;
    return `${document} && for b in $(grep -o "sha256:[0-9a-f]*" <<<"$d"); do curl -sf --retry 20 -o /dev/null ${base}/blobs/$b || exit 1; done`;
  });
  return [
    `node ${PROGRAM} serve ${words} 2>${said} & g=$!`,
    `until grep -q "listening on" ${said}; do kill -0 $g || exit 1; sleep 0.05; done`,
    `a=$(sed -n "s/.*listening on //p" ${said} | cut -d " " -f 1)`,
    `( ${inParallel(clients)} ); r=$?`,
    `kill $g; wait $g; exit $r`,
  ].join("\n");
}
