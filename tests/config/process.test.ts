import { expect, it } from 'vitest';
import { parseProcesses, processKeys } from '../../runtime/config/process.ts';

const services = (...names: string[]) => names.map((name) => ({ name, data: 'none' as const }));

it('names the keys of a service', () => {
  expect(processKeys('echo-stateful')).toEqual({
    model: 'MCP_ECHO_STATEFUL_PROCESS',
    spares: 'MCP_ECHO_STATEFUL_SPARE_CHILDREN',
  });
});

it('reads what is given, and an empty value is none', () => {
  const texts = { MCP_TIME_PROCESS: 'user', MCP_TIME_SPARE_CHILDREN: '0', MCP_FETCH_PROCESS: '' };
  expect(parseProcesses(texts, services('time', 'fetch'))).toEqual({
    processes: { time: { model: 'user', spares: 0 } },
    faults: [],
  });
});

it('names every fault by its key', () => {
  const texts = { MCP_TIME_PROCESS: 'one', MCP_TIME_SPARE_CHILDREN: '-1' };
  const { processes, faults } = parseProcesses(texts, services('time'));
  expect(processes).toEqual({});
  expect(faults.map(({ key, problem }) => `${key} ${problem}`)).toEqual([
    'MCP_TIME_PROCESS must be session, user, shared',
    'MCP_TIME_SPARE_CHILDREN must be a whole number from 0 to 16',
  ]);
});

it('never lets users with data of their own share a process', () => {
  const { processes, faults } = parseProcesses({ MCP_MEMORY_PROCESS: 'shared' }, [
    { name: 'memory', data: 'user' },
  ]);
  expect(processes).toEqual({});
  expect(faults[0]?.problem).toMatch(/^cannot be shared: its users have data of their own/);
});
