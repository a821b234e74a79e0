import { describe, expect, it } from 'vitest';
import { outputOf } from '../../../runtime/services/tmux/run.ts';
import { parseState } from '../../../runtime/services/tmux/shell.ts';

describe('parseState', () => {
  it.each([
    [undefined, { at: 'start' }],
    ['', { at: 'start' }],
    ['idle\n', { at: 'idle' }],
    ['more\n', { at: 'more' }],
    ['busy\n', { at: 'busy' }],
    ['run 0a1b2c3d\n', { at: 'busy' }],
  ])('takes %j for %j', (text, state) => expect(parseState(text)).toEqual(state));
});

describe('outputOf', () => {
  const screen = (...lines: string[]) => outputOf(lines.join('\n'), 'id', true);
  it('is what stands between the two lines', () => {
    expect(screen('old', '[id] $ ls', 'a', '', 'b', '[id] exit 0', '~ $')).toEqual({
      output: 'a\n\nb',
      beginningGone: false,
    });
    expect(screen('[id] $ true', '[id] exit 0')).toEqual({ output: '', beginningGone: false });
    expect(screen('[id] $ printf x', 'x[id] exit 0').output).toBe('x');
  });
  it('says so where the first line is gone', () => {
    expect(screen('b', '[id] exit 0')).toEqual({ output: 'b', beginningGone: true });
  });
  it('is all behind the first line while the command still runs', () => {
    expect(outputOf('x\n[id] $ sleep\nso far', 'id', false)).toEqual({
      output: 'so far',
      beginningGone: false,
    });
    expect(outputOf('[id] $ sleep', 'id', false).output).toBe('');
  });
});
