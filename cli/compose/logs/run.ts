/** `mcpgw logs`: what the containers wrote, in the order of time. */
import type { LogsFlags } from '../../commands/logs.ts';
import { EXIT, InterruptedError, UserError } from '../../errors.ts';
import { createOutput, type Output } from '../../output.ts';
import { logsArgv } from '../argv.ts';
import { requireDocker } from '../docker.ts';
import { interruptSignal } from '../interrupt.ts';
import { refuseForeign } from '../ownership.ts';
import { chosenServices, openProject } from '../project.ts';
import { type RunDocker, runDocker } from '../run.ts';
import { type LogRecord, parseRecord } from './record.ts';
import { recordText } from './text.ts';

/** Lines of each container without `--tail` and `--since`: a screen or two, not months. */
const DEFAULT_TAIL = '100';

export async function runLogs(services: string[], flags: LogsFlags): Promise<void> {
  checkTail(flags.tail);
  const project = openProject(flags.dir);
  const chosen = chosenServices(project, services);
  await requireDocker(runDocker);
  await refuseForeign(runDocker, project);
  const output = createOutput(flags);
  const print = printer(output, Math.max(...chosen.map(({ name }) => name.length)), process.stdout);
  const tail = flags.tail ?? (flags.since === undefined ? DEFAULT_TAIL : 'all');
  const argv = logsArgv(project, services, { ...flags, tail });
  try {
    if (flags.follow === true) await follow(runDocker, argv, print);
    else if ((await once(runDocker, argv, print)) === 0)
      output.note('They wrote nothing, or do not run: mcpgw ps shows what runs, mcpgw up starts it.');
  } catch (error) {
    // To stop following is how it ends; there is nothing to say about it.
    if (!(error instanceof InterruptedError)) throw error;
    process.exitCode = EXIT.interrupted;
  }
}

type Print = (record: LogRecord) => void;

function printer(output: Output, width: number, sink: { write(text: string): unknown }): Print {
  return (record) => {
    const text = output.json
      ? JSON.stringify(record)
      : recordText(record, { width, style: output.style, now: new Date() });
    sink.write(`${text}\n`);
  };
}

/** Compose gives container by container, so the lines are put in order first. @returns how many there were */
async function once(run: RunDocker, argv: string[], print: Print): Promise<number> {
  const records: LogRecord[] = [];
  await read(run, argv, (record) => records.push(record), interruptSignal(''));
  records.sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0));
  records.forEach(print);
  return records.length;
}

function follow(run: RunDocker, argv: string[], print: Print): Promise<void> {
  return read(run, argv, print, interruptSignal(''));
}

async function read(run: RunDocker, argv: string[], take: Print, signal: AbortSignal): Promise<void> {
  const complaints: string[] = [];
  const { code } = await run(argv, {
    signal,
    onLine: (line, from) => {
      const record = parseRecord(line);
      if (record !== undefined) take(record);
      else if (from === 'stderr') complaints.push(line);
    },
  });
  signal.throwIfAborted();
  if (code !== 0) throw new UserError(complaints.at(-1) ?? `docker compose logs ended with ${code}`);
}

function checkTail(tail: string | undefined): void {
  if (tail !== undefined && tail !== 'all' && !/^\d+$/.test(tail)) {
    throw new UserError(`--tail ${tail}: must be a number of lines, or all`, EXIT.usage);
  }
}
