import { z } from "zod";

/** The one message states all requirements, whichever check failed; `words.ts` adds the value found. */
export function text(pattern: RegExp, error: string, description: string): z.ZodString {
  return z.string({ error }).regex(pattern, { error }).meta({ description });
}

export function wholeNumber(minimum: number, maximum: number, description: string): z.ZodInt {
  const error = `must be a whole number from ${minimum} to ${maximum}`;
  return z.int({ error }).min(minimum, { error }).max(maximum, { error }).meta({ description });
}

export function yesOrNo(description: string): z.ZodBoolean {
  return z.boolean({ error: "must be true or false" }).meta({ description });
}

export function path(description: string): z.ZodString {
  return text(
    /^(?!~[^/])[^\0]+$/,
    "must be the path of a file, absolute, from ~/, or relative to this file",
    description,
  );
}

export const mapping = (keys: string) => ({ error: `must be a mapping with ${keys}` });
