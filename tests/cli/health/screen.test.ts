import { describe, expect, it } from 'vitest';
import { createScreen } from '../../../cli/health/screen.ts';

function terminal(isTTY: boolean, rows = 4) {
  const written: string[] = [];
  return { written, isTTY, rows, write: (text: string) => written.push(text) };
}

describe('the screen of --watch', () => {
  it('draws over itself, cuts in the middle, and gives the terminal back', () => {
    const tty = terminal(true);
    const screen = createScreen(tty, false);
    screen.show('a\nb');
    screen.show('1\n\n2\n3\n\n4');
    screen.show('1\n\n2\n3\n4\n5');
    screen.close();
    expect(tty.written).toEqual([
      '\u001b[?1049h\u001b[?25l',
      '\u001b[Ha\u001b[K\r\nb\u001b[K\u001b[J',
      '\u001b[H1\u001b[K\r\n2\u001b[K\r\n3\u001b[K\r\n4\u001b[K\u001b[J',
      '\u001b[H1\u001b[K\r\n…\u001b[K\r\n4\u001b[K\r\n5\u001b[K\u001b[J',
      '\u001b[?25h\u001b[?1049l',
    ]);
  });

  it('is one text after the other where there is no terminal', () => {
    const pipe = terminal(false);
    const screen = createScreen(pipe, false);
    screen.show('a');
    screen.close();
    expect(pipe.written).toEqual(['a\n']);
  });
});
