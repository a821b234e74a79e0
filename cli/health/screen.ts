/** A text that is drawn over the former one. */

export interface Screen {
  show(text: string): void;
  /** Gives the terminal back as it was. */
  close(): void;
}

interface Terminal {
  write(text: string): unknown;
  isTTY?: boolean;
  rows?: number;
}

/** The alternate screen, without a cursor: what was on the terminal before is there again afterwards. */
const OPEN = '\u001b[?1049h\u001b[?25l';
const CLOSE = '\u001b[?25h\u001b[?1049l';

/** @param plain nothing is drawn over: what is shown is written one after the other */
export function createScreen(terminal: Terminal, plain: boolean): Screen {
  if (plain || terminal.isTTY !== true) {
    return { show: (text) => void terminal.write(`${text}\n`), close: () => undefined };
  }
  terminal.write(OPEN);
  return {
    show: (text) => {
      const lines = fitted(text.split('\n'), terminal.rows ?? 24);
      // Line by line and then the rest, so that nothing flickers.
      terminal.write(`\u001b[H${lines.map((line) => `${line}\u001b[K`).join('\r\n')}\u001b[J`);
    },
    close: () => void terminal.write(CLOSE),
  };
}

/** How many lines at the end are kept whatever happens. */
const LAST = 2;

/** What scrolls cannot be drawn over: empty lines go first, then what is in the middle. */
function fitted(lines: string[], rows: number): string[] {
  if (lines.length <= rows) return lines;
  const full = lines.filter((line) => line !== '');
  return full.length <= rows ? full : [...full.slice(0, rows - LAST - 1), '…', ...full.slice(-LAST)];
}
