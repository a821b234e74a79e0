/** What can be pressed and typed. */
import * as z from 'zod';

const NAMED =
  'Enter|Escape|Tab|BTab|BSpace|Space|Up|Down|Left|Right|Home|End|PageUp|PageDown|PgUp|PgDn|PPage|NPage|IC|Insert|DC|Delete|F[1-9]|F1[0-2]';
const KEY = new RegExp(`^(?:[CMS]-){0,3}(?:${NAMED}|[!-~])$`);

/** tmux has its own names for two. */
const ALIASES: Record<string, string> = { Insert: 'IC', Delete: 'DC' };

/** A key by tmux's name of it, with modifiers in front. */
export const key = z
  .string()
  .regex(KEY, 'is not a key: Enter, Escape, Tab, Up, F1, C-c, M-x, or one character')
  .transform((name) => name.replace(/(?:Insert|Delete)$/, (word) => ALIASES[word] ?? word));

/** Of one message to the tmux server, which takes 16 kB. */
const MAX_CHUNK_CHARACTERS = 2_000;

/** @returns the text in parts that tmux takes, none of which ends within a character */
export function literalChunks(text: string): string[] {
  const characters = [...text];
  const chunks: string[] = [];
  for (let start = 0; start < characters.length; start += MAX_CHUNK_CHARACTERS)
    chunks.push(characters.slice(start, start + MAX_CHUNK_CHARACTERS).join(''));
  return chunks;
}
