import type { ContenderName } from "./contenders.ts";
import type { Ground } from "./ground.ts";
import type { Shape } from "./images.ts";

const KIB = 1024;
const MIB = 1024 * KIB;

/** Contenders that are run side by side, round after round. */
export interface Case {
  readonly name: string;
  readonly ground: Ground["name"];
  readonly image: Shape | "pins" | "bottles" | null;
  readonly contenders: readonly ContenderName[];
  /** At most so many. */
  readonly rounds?: number;
}

/**
 * `contender / against` must not be more than `bound`; `times` makes up for a contender that does more work than the
 * other. Without `against` the bound is seconds or MiB.
 */
export interface Target {
  readonly case: string;
  readonly contender: ContenderName;
  /** Of the same case unless `againstCase` says another. */
  readonly against?: ContenderName;
  readonly againstCase?: string;
  readonly of?: "wall" | "peak";
  readonly bound: number;
  readonly times?: number;
}

const SHAPES = {
  big: { name: "big", layers: 1, bytes: 1024 * MIB },
  medium: { name: "medium", layers: 40, bytes: 8 * MIB },
  tiny: { name: "tiny", layers: 200, bytes: 16 * KIB },
  fifty: { name: "fifty", layers: 50, bytes: 16 * KIB },
  debian: { name: "debian", layers: 1, bytes: 95 * MIB },
  large: { name: "large", layers: 1, bytes: 200 * MIB },
  few: { name: "few", layers: 3, bytes: 95 * MIB },
  mixed: { name: "mixed", layers: 8, bytes: 4 * MIB },
} as const satisfies Record<string, Shape>;

const HAND: readonly ContenderName[] = ["tofu3", "skopeo copy", "three skopeo, in turn", "three skopeo, in parallel"];

/** How the cost grows with one thing. */
const GROWTH: readonly Case[] = [
  ...[1, 10, 50, 100, 400].map((layers) =>
    growth(`${layers} layers`, { name: `layers${layers}`, layers, bytes: 16 * KIB }),
  ),
  ...[10, 100, 4096].map((mib) => growth(`${mib} MiB`, { name: `mib${mib}`, layers: 1, bytes: mib * MIB })),
  {
    name: "growth: 1 to 500 references",
    ground: "loopback",
    image: "pins",
    contenders: ["tofu3, 1 reference", "tofu3, 50 references", "tofu3, 500 references"],
    rounds: 2,
  },
  {
    name: "WAN growth: 3 to 9 workers",
    ground: "WAN",
    image: SHAPES.fifty,
    contenders: ["tofu3", "tofu3, five workers", "tofu3, seven workers", "tofu3, nine workers"],
    rounds: 2,
  },
];

function growth(name: string, image: Shape): Case {
  return { name: `growth: ${name}`, ground: "loopback", image, contenders: ["tofu3", "skopeo copy"], rounds: 2 };
}

const COLD: readonly ContenderName[] = ["curl through a cold gate", "tofu3 of the same"];

/** `tofu3 serve` beside what it stands in for. */
const GATE: readonly Case[] = [
  {
    name: "gate, warm: manifests",
    ground: "gate",
    image: SHAPES.fifty,
    contenders: ["gate, 5,000 manifests", "docker-registry, 5,000 manifests"],
  },
  {
    name: "gate, warm: 200 MiB × 8 readers",
    ground: "gate",
    image: SHAPES.large,
    contenders: ["gate, one blob × 8", "docker-registry, one blob × 8"],
  },
  { name: "gate, cold: 3 × 95 MiB", ground: "gate", image: SHAPES.few, contenders: COLD },
  { name: "gate, cold: 200 × 16 KiB", ground: "gate", image: SHAPES.tiny, contenders: COLD },
  {
    name: "gate: 50 clients, 8 × 4 MiB",
    ground: "gate",
    image: SHAPES.mixed,
    contenders: ["gate, 50 clients of one image", "gate, 50 clients of 50 images"],
    rounds: 3,
  },
];

export const CASES: readonly Case[] = [
  { name: "start-up", ground: "loopback", image: null, contenders: ["node -e 0", "tofu3 --version", "tofu3 --help"] },
  {
    name: "1 × 1 GiB",
    ground: "loopback",
    image: SHAPES.big,
    contenders: [
      ...HAND,
      "three scripts, in turn",
      "floor: three curl|openssl",
      "tofu3, local worker alone",
      "floor: curl|tee|openssl",
    ],
  },
  { name: "40 × 8 MiB", ground: "loopback", image: SHAPES.medium, contenders: [...HAND, "three scripts, in turn"] },
  { name: "200 × 16 KiB", ground: "loopback", image: SHAPES.tiny, contenders: [...HAND, "three scripts, in turn"] },
  { name: "1 × 95 MiB", ground: "loopback", image: SHAPES.debian, contenders: HAND },
  { name: "6 bottles of 3 MiB", ground: "loopback", image: "bottles", contenders: HAND },
  { name: "first progress line", ground: "loopback", image: SHAPES.big, contenders: ["tofu3, until its first line"] },
  {
    name: "500 references",
    ground: "loopback",
    image: "pins",
    contenders: [
      "tofu3, 500 references",
      "tofu3 audit, 500 references in 5,000 files",
      "tofu3 audit, 50 references in 5,000 files",
      "one VM alone, 500 references",
      "skopeo inspect --raw × 50",
    ],
  },
  {
    name: "20 jobs, one after the other",
    ground: "loopback",
    image: "pins",
    contenders: ["20 jobs, one set of vantages", "20 jobs, 20 processes"],
  },
  {
    name: "what remembering costs",
    ground: "loopback",
    image: SHAPES.medium,
    contenders: [
      "one verification, not remembered",
      "one verification, remembered",
      "one verification, after 10,000 others",
    ],
  },
  {
    name: "what signing costs",
    ground: "loopback",
    image: SHAPES.tiny,
    contenders: ["tofu3", "tofu3, VMs that sign"],
  },
  {
    name: "WAN: what signing costs",
    ground: "WAN",
    image: SHAPES.fifty,
    contenders: ["tofu3", "tofu3, VMs that sign"],
  },
  ...(["95 MiB", "1 GiB"] as const).map((size): Case => ({
    name: `a URL of ${size}`,
    ground: "loopback",
    image: size === "1 GiB" ? SHAPES.big : SHAPES.debian,
    contenders: ["tofu3", "tofu3, the layer by its URL"],
  })),
  { name: "WAN 200 × 16 KiB", ground: "WAN", image: SHAPES.tiny, contenders: HAND },
  { name: "WAN 50 × 16 KiB", ground: "WAN", image: SHAPES.fifty, contenders: ["tofu3", "tofu3, nine workers"] },
  { name: "WAN first progress line", ground: "WAN", image: SHAPES.debian, contenders: ["tofu3, until its first line"] },
  { name: "WAN 1 × 95 MiB", ground: "WAN", image: SHAPES.debian, contenders: HAND },
  { name: "WAN 40 × 8 MiB", ground: "WAN", image: SHAPES.medium, contenders: ["tofu3", "tofu3, local worker alone"] },
  {
    name: "WAN 500 references",
    ground: "WAN",
    image: "pins",
    contenders: ["tofu3, 500 references", "skopeo inspect --raw × 50"],
  },
  ...GROWTH,
  ...GATE,
];

export const TARGETS: readonly Target[] = [
  ...(["one verification, remembered", "one verification, after 10,000 others"] as const).map((contender): Target => {
    return { case: "what remembering costs", contender, against: "one verification, not remembered", bound: 1.05 };
  }),
  ...["what signing costs", "WAN: what signing costs"].map((name): Target => ({
    case: name,
    contender: "tofu3, VMs that sign",
    against: "tofu3",
    bound: 1.25,
  })),
  ...["a URL of 95 MiB", "a URL of 1 GiB"].map((name): Target => ({
    case: name,
    contender: "tofu3, the layer by its URL",
    against: "tofu3",
    bound: 1.1,
  })),
  {
    case: "gate, warm: manifests",
    contender: "gate, 5,000 manifests",
    against: "docker-registry, 5,000 manifests",
    bound: 1,
  },
  {
    case: "gate, warm: 200 MiB × 8 readers",
    contender: "gate, one blob × 8",
    against: "docker-registry, one blob × 8",
    bound: 1,
  },
  ...["gate, cold: 3 × 95 MiB", "gate, cold: 200 × 16 KiB"].map((name): Target => ({
    case: name,
    contender: "curl through a cold gate",
    against: "tofu3 of the same",
    bound: 1.3,
  })),
  ...(["gate, 50 clients of one image", "gate, 50 clients of 50 images"] as const).map((contender): Target => {
    return { case: "gate: 50 clients, 8 × 4 MiB", contender, of: "peak", bound: 160 };
  }),
  { case: "start-up", contender: "tofu3 --version", against: "node -e 0", bound: 1.25 },
  { case: "start-up", contender: "tofu3 --help", against: "node -e 0", bound: 2 },
  { case: "1 × 1 GiB", contender: "tofu3", against: "skopeo copy", bound: 1.3 },
  { case: "1 × 1 GiB", contender: "tofu3", against: "floor: three curl|openssl", bound: 1.35 },
  { case: "1 × 1 GiB", contender: "tofu3, local worker alone", against: "floor: curl|tee|openssl", bound: 1.5 },
  { case: "1 × 1 GiB", contender: "tofu3", against: "three skopeo, in turn", bound: 0.4 },
  { case: "40 × 8 MiB", contender: "tofu3", against: "three skopeo, in parallel", bound: 0.85 },
  { case: "40 × 8 MiB", contender: "tofu3", against: "three skopeo, in turn", bound: 0.6 },
  { case: "200 × 16 KiB", contender: "tofu3", against: "three skopeo, in parallel", bound: 0.6 },
  { case: "200 × 16 KiB", contender: "tofu3", against: "three skopeo, in turn", bound: 0.6 },
  { case: "1 × 95 MiB", contender: "tofu3", against: "three skopeo, in parallel", bound: 0.95 },
  { case: "1 × 95 MiB", contender: "tofu3", against: "three skopeo, in turn", bound: 0.6 },
  {
    case: "500 references",
    contender: "tofu3, 500 references",
    against: "skopeo inspect --raw × 50",
    bound: 0.2,
    times: 10,
  },
  {
    case: "500 references",
    contender: "tofu3 audit, 500 references in 5,000 files",
    against: "skopeo inspect --raw × 50",
    bound: 0.25,
    times: 10,
  },
  {
    case: "500 references",
    contender: "tofu3 audit, 500 references in 5,000 files",
    against: "one VM alone, 500 references",
    bound: 1.3,
  },
  {
    case: "500 references",
    contender: "tofu3 audit, 500 references in 5,000 files",
    of: "peak",
    bound: 140,
  },
  {
    case: "20 jobs, one after the other",
    contender: "20 jobs, one set of vantages",
    against: "20 jobs, 20 processes",
    bound: 0.4,
  },
  { case: "WAN 200 × 16 KiB", contender: "tofu3", against: "skopeo copy", bound: 0.4 },
  { case: "WAN 200 × 16 KiB", contender: "tofu3", against: "three skopeo, in turn", bound: 0.33 },
  { case: "WAN 50 × 16 KiB", contender: "tofu3, nine workers", against: "tofu3", bound: 1.2 },
  { case: "WAN 1 × 95 MiB", contender: "tofu3", against: "skopeo copy", bound: 1.08 },
  { case: "WAN 1 × 95 MiB", contender: "tofu3", against: "three skopeo, in turn", bound: 0.33 },
  { case: "WAN 40 × 8 MiB", contender: "tofu3", against: "tofu3, local worker alone", bound: 1.1 },
  {
    case: "WAN 500 references",
    contender: "tofu3, 500 references",
    against: "skopeo inspect --raw × 50",
    bound: 0.03,
    times: 10,
  },
  { case: "first progress line", contender: "tofu3, until its first line", bound: 0.4 },
  { case: "WAN first progress line", contender: "tofu3, until its first line", bound: 0.7 },
  {
    case: "growth: 4096 MiB",
    contender: "tofu3",
    against: "tofu3",
    againstCase: "growth: 10 MiB",
    of: "peak",
    bound: 1.15,
  },
  ...CASES.filter((one) => one.contenders.includes("tofu3")).map((one): Target => ({
    case: one.name,
    contender: "tofu3",
    of: "peak",
    bound: 140,
  })),
];
