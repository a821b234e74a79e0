/** The questions' way to the terminal. A prompt knows this interface; clack is behind it, a test puts answers there. */
import * as clack from '@clack/prompts';
import { InterruptedError } from '../errors.ts';

export interface Choice {
  value: string;
  label: string;
  hint?: string;
}

export interface Asker {
  intro(text: string): void;
  note(text: string, title: string): void;
  /** @param validate returns what is wrong with an answer */
  text(question: {
    message: string;
    initial?: string;
    placeholder?: string;
    validate: Validate;
  }): Promise<string>;
  /** Without echo. An empty answer is possible when `validate` takes it. */
  secret(question: { message: string; validate: Validate }): Promise<string>;
  select(question: { message: string; initial?: string; choices: Choice[] }): Promise<string>;
  several(question: { message: string; initial: string[]; choices: Choice[] }): Promise<string[]>;
  confirm(question: { message: string; initial: boolean }): Promise<boolean>;
}

export type Validate = (answer: string) => string | undefined;

/** Asks on standard error, so that standard output has the result alone. */
export function terminalAsker(output: NodeJS.WriteStream = process.stderr): Asker {
  return {
    intro: (text) => clack.intro(text, { output }),
    note: (text, title) => clack.note(text, title, { output, format: (line) => line }),
    text: async ({ message, initial, placeholder, validate }) =>
      trimmed(
        await clack.text({
          ...{ message, output, validate: (value) => validate((value ?? '').trim()) },
          ...(initial === undefined || initial === '' ? {} : { initialValue: initial }),
          ...(placeholder === undefined ? {} : { placeholder }),
        }),
      ),
    secret: async ({ message, validate }) =>
      trimmed(await clack.password({ message, output, validate: (value) => validate((value ?? '').trim()) })),
    select: async ({ message, initial, choices }) =>
      answered(
        await clack.select({
          message,
          output,
          options: choices,
          ...(initial === undefined ? {} : { initialValue: initial }),
        }),
      ),
    several: async ({ message, initial, choices }) =>
      answered(
        await clack.multiselect({
          message,
          output,
          options: choices,
          initialValues: initial,
          required: true,
        }),
      ),
    confirm: async ({ message, initial }) =>
      answered(await clack.confirm({ message, output, initialValue: initial })),
  };
}

/** @throws InterruptedError when the person pressed Ctrl-C (or Escape) */
function answered<T>(answer: T): Exclude<T, symbol> {
  if (clack.isCancel(answer)) throw new InterruptedError('Stopped. Nothing was written.');
  return answer as Exclude<T, symbol>;
}

/** Clack gives undefined for a text that was left empty. */
function trimmed(answer: string | symbol | undefined): string {
  return (answered(answer) ?? '').trim();
}
