import { describe, expect, it } from 'vitest';
import { connectText } from '../../../cli/dev/connect.ts';

const textOf = (...names: string[]) =>
  connectText(
    names.map((name) => [name, `http://localhost:8080/${name}/mcp`]),
    (text) => text,
  ).join('\n');

describe('the lines that connect a client', () => {
  it('are of a server rather than of the diagnostics, and of those where there is nothing else', () => {
    const text = textOf('echo-stateful', 'echo-stateless', 'everything', 'memory');
    expect(text).toContain('Connect a client (to everything; the others likewise)');
    expect(text).toContain('http everything http://localhost:8080/everything/mcp');
    expect(textOf('echo-stateful')).toMatch(/^Connect a client\n.*\n +claude .*echo-stateful/);
    expect(textOf()).toBe('');
  });
});
