import { describe, expect, it } from 'vitest';
import { parseContainers } from '../../../cli/compose/containers.ts';
import { unreadyLines } from '../../../cli/compose/operate/ps.ts';
import { unreadyContainers } from '../../../cli/compose/readiness.ts';
import { createOutput } from '../../../cli/output.ts';

const failing = {
  ...{ status: 'failing', live: true, ready: false, reason: 'cannot start: exited with code 1' },
  output: ['\u001b[31mKEY is not set'],
};
const ok = { status: 'ok', live: true, ready: true };
const id = (letter: string) => letter.repeat(12);
const line = (letter: string, service: string, State = 'running') =>
  JSON.stringify({ ID: id(letter), Name: `p-${service}-1`, Service: service, State, Health: 'healthy' });
const probes = (letter: string, ...outputs: string[]) =>
  `${letter.repeat(64)}\t${JSON.stringify({ Status: 'healthy', Log: outputs.map((Output) => ({ Output })) })}\n`;

async function unready(stdout: string, ...lines: string[]) {
  const ran: string[][] = [];
  const run = async (argv: string[]) => {
    ran.push(argv);
    return { code: 1, stdout, stderr: '' };
  };
  const world = { run, signal: new AbortController().signal };
  return { found: await unreadyContainers(world, parseContainers(lines.join('\n'))), ran };
}

describe('services whose server cannot start', () => {
  it('are those whose last probe says so', async () => {
    const stdout = [
      probes('a', JSON.stringify(ok), JSON.stringify(failing)),
      probes('b', JSON.stringify(failing), JSON.stringify(ok)),
      probes('c', 'PONG'),
      probes('d'),
      `${'e'.repeat(64)}\tnull\n`,
    ].join('');
    const lines = ['a', 'b', 'c', 'd', 'e', 'f'].map((letter) => line(letter, `s-${letter}`));
    const { found, ran } = await unready(stdout, ...lines, line('9', 'ended', 'exited'));
    expect(found.map(({ container, ...why }) => [container.service, why])).toEqual([
      ['s-a', { reason: 'cannot start: exited with code 1', output: ['[31mKEY is not set'] }],
    ]);
    expect(ran[0]).not.toContain(id('9'));
    expect(unreadyLines(found, createOutput({ json: true }).style)).toEqual([
      '',
      'The server of s-a-1 cannot start: exited with code 1',
      '  [31mKEY is not set',
    ]);
  });

  it('are none where nothing runs', async () => {
    const { found, ran } = await unready('', line('a', 'a', 'exited'));
    expect([found, ran, unreadyLines(found, createOutput({ json: true }).style)]).toEqual([[], [], []]);
  });
});
