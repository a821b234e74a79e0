/** What a terminal shows. */
import { target } from './terminals.ts';
import type { Tmux } from './tmux.ts';

export interface CaptureOptions {
  /** Lines that have scrolled off the screen to take as well; undefined: none. */
  historyLines?: number;
  /** Keeps colours, as escape sequences. */
  colors?: boolean;
}

/** @returns the lines, those that the terminal had to wrap in one, without the empty ones at the end */
export async function capture(tmux: Tmux, name: string, options: CaptureOptions = {}): Promise<string> {
  const { historyLines = 0, colors = false } = options;
  const text = await tmux([
    ...['capture-pane', '-p', '-J', '-S', String(-historyLines), '-t', target(name)],
    ...(colors ? ['-e'] : []),
  ]);
  return tidy(text);
}

/** Not by a pattern, which would take ever longer for a long run of spaces. */
function tidy(text: string): string {
  const lines = text.split('\n').map((line) => line.trimEnd());
  return lines.slice(0, lines.findLastIndex((line) => line !== '') + 1).join('\n');
}

/** The end of a text is what counts: that is where the error is. */
export function lastPart(text: string, maxLength: number): { text: string; left: number } {
  if (text.length <= maxLength) return { text, left: 0 };
  const start = text.indexOf('\n', text.length - maxLength) + 1 || text.length - maxLength;
  return { text: text.slice(start), left: start };
}
