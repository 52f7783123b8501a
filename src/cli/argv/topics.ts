import { codeNamed, EXPLANATIONS, explain } from "../../codes/explain.ts";
import { Tofu3Error, visible } from "../../errors.ts";
import { nearest } from "../../nearest.ts";
import { renderHelp } from "./help.ts";
import { CONFIG } from "./topics/config.ts";
import { ENVIRONMENT } from "./topics/environment.ts";
import { EXIT_CODES } from "./topics/exitcodes.ts";
import { REFERENCES } from "./topics/references.ts";
import type { Topic } from "./topics/topic.ts";
import { COMMANDS } from "./usage.ts";

export const TOPICS: readonly Topic[] = [EXIT_CODES, ENVIRONMENT, CONFIG, REFERENCES];

/** What may follow `tofu3 help`, and what each is about; of a command's words the first. */
export function topicNames(): readonly (readonly [name: string, summary: string])[] {
  const commands = new Map(COMMANDS.map(({ name, summary }) => [name.split(" ")[0] ?? "", summary]));
  return [
    ...commands,
    ...TOPICS.map(({ name, summary }) => [name, summary] as const),
    ...Object.entries(EXPLANATIONS).map(([code, { title }]) => [code, title] as const),
  ];
}

/** `tofu3 help TOPIC`, where the topic may be the words of a command. Throws E_USAGE for an unknown one. */
export function renderTopic(words: readonly string[]): string {
  const [first] = words;
  if (first === undefined) return renderHelp(null);
  const command = [words.slice(0, 2).join(" "), first].find((text) =>
    COMMANDS.some(({ name }) => name === text || name.startsWith(`${text} `)),
  );
  if (command !== undefined) return renderHelp(command);
  const topic = TOPICS.find(({ name }) => name === first.toLowerCase());
  if (topic !== undefined) return `${topic.lines().join("\n")}\n`;
  const code = codeNamed(first);
  if (code !== null) return explain(code);
  const meant = nearest(
    first,
    topicNames().map(([name]) => name),
  );
  throw new Tofu3Error("E_USAGE", `there is no help for ${JSON.stringify(visible(first, 100))}`, {
    hint: meant === null ? "tofu3 help lists the commands and topics" : `did you mean: tofu3 help ${meant}`,
  });
}
