import { type ConfigKey, keyDefault, keyMeta } from '../../runtime/config/schema.ts';
import type { Answers } from '../init/answers.ts';
import type { Asker } from './asker.ts';
import { askText, isOpen } from './key-question.ts';

const KEYS: ConfigKey[] = [
  'ACCESS_TOKEN_LIFETIME',
  'REFRESH_TOKEN_LIFETIME',
  'SESSION_TIMEOUT',
  'CLIENT_LIFETIME',
];
const SHORT = ['access token', 'refresh token', 'session', 'client'];

/** How long tokens, sessions and clients live. Most people keep what is there, so that is one question. */
export async function askLifetimes(asker: Asker, answers: Answers): Promise<void> {
  if (!KEYS.some((key) => isOpen(answers, key))) return;
  const present = KEYS.map(
    (key, index) => `${SHORT[index]} ${duration(answers.texts[key] || keyDefault(key) || '')}`,
  );
  if (await asker.confirm({ message: `Keep these lifetimes? ${present.join(', ')}`, initial: true })) return;
  for (const key of KEYS) {
    await askText(asker, answers, key, { message: `${keyMeta(key).title} in seconds`, required: true });
  }
}

/** @param text seconds → `24 h` */
export function duration(text: string): string {
  const seconds = Number(text);
  if (!/^\d+$/.test(text)) return text;
  if (seconds === 0) return 'for ever';
  const units: [number, string][] = [
    [86_400, 'd'],
    [3_600, 'h'],
    [60, 'min'],
  ];
  for (const [size, unit] of units)
    if (seconds >= 2 * size && seconds % size === 0) return `${seconds / size} ${unit}`;
  const hours = seconds / 3_600;
  return Number.isInteger(hours) && hours > 0 ? `${hours} h` : `${seconds} s`;
}
