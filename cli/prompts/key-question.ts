/** A question for one key of `.env`, made from the schema. */
import {
  configSchema,
  type ConfigKey,
  keyChoices,
  keyDefault,
  keyMeta,
} from '../../runtime/config/schema.ts';
import { faultsOf } from '../../runtime/config/faults.ts';
import { writable } from '../../runtime/config/env-file.ts';
import type { Answers } from '../init/answers.ts';
import type { Asker, Choice, Validate } from './asker.ts';

/** @returns whether the key is still to be asked */
export function isOpen(answers: Answers, key: ConfigKey): boolean {
  return !answers.decided.has(key) && !answers.elsewhere.has(key);
}

/** Asks for a text, starting from the present value or the default. */
export async function askText(
  asker: Asker,
  answers: Answers,
  key: ConfigKey,
  question: { message?: string; required?: boolean } = {},
): Promise<void> {
  if (!isOpen(answers, key)) return;
  const { title, example } = keyMeta(key);
  answers.texts[key] = await asker.text({
    message: question.message ?? title,
    initial: answers.texts[key] ?? keyDefault(key) ?? '',
    placeholder: `e.g. ${example}`,
    validate: validator(key, question.required ?? false),
  });
}

/** @param labels by value: what stands in the list, and what explains the one under the cursor */
export async function askChoice(
  asker: Asker,
  answers: Answers,
  key: ConfigKey,
  labels: Record<string, { label: string; hint?: string }>,
): Promise<void> {
  if (!isOpen(answers, key)) return;
  const choices = (keyChoices(key) ?? []).map((value): Choice => ({
    value,
    ...(labels[value] ?? { label: value }),
  }));
  const initial = answers.texts[key] || keyDefault(key);
  answers.texts[key] = await asker.select({
    message: keyMeta(key).title,
    ...(initial === undefined ? {} : { initial }),
    choices,
  });
}

/** @returns what the schema says about an answer */
export function validator(key: ConfigKey, required: boolean): Validate {
  return (answer) => {
    if (answer === '') return required ? 'is needed' : undefined;
    if (!writable(answer)) return 'cannot have a single quote, or a backslash at its end';
    const result = configSchema.shape[key].safeParse(answer);
    return result.success ? undefined : (faultsOf(result.error)[0]?.problem ?? 'is not right');
  };
}
