import { expect, it } from 'vitest';
import { capture, lastPart } from '../../../runtime/services/tmux/screen.ts';

const shown = (text: string) => capture(() => Promise.resolve(text), 'main');

it('leaves out the spaces at the ends of lines, and the empty lines at the end', async () => {
  expect(await shown('a  \n b\t \n\n  \n')).toBe('a\n b');
  expect(await shown(' \n')).toBe('');
});

it('takes a line that is nearly all spaces, however long it is', async () => {
  const line = `a${' '.repeat(2_000_000)}b`;
  expect(await shown(`${line}\n`)).toBe(line);
});

it('keeps whole lines of the end of a text', () => {
  expect(lastPart('one\ntwo\nthree', 9)).toEqual({ text: 'three', left: 8 });
  expect(lastPart('one\ntwo', 9)).toEqual({ text: 'one\ntwo', left: 0 });
});
