/** The program's start, and the only place that catches: error → message and exit code. */
import { failureOf, isBrokenPipe } from './failure.ts';
import { createProgram } from './program.ts';

// `mcpgw … | head` closes the pipe early: that is the reader's choice and nobody's error.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error) => {
    if (!isBrokenPipe(error)) throw error;
    readerGone();
  });
}

let gone = false;

/** A command that ends in order when its terminal is closed does so now, too. */
function readerGone(): void {
  if (process.listenerCount('SIGHUP') === 0) process.exit(0);
  if (!gone) process.emit('SIGHUP');
  gone = true;
}

try {
  await createProgram().parseAsync(process.argv);
} catch (error) {
  const failure = failureOf(error, Boolean(process.env.DEBUG));
  if (failure !== undefined) {
    if (failure.lines.length > 0) process.stderr.write(`${failure.lines.join('\n')}\n`);
    if (wantsJson(process.argv)) process.stdout.write(`${JSON.stringify(failure.json, null, 2)}\n`);
    process.exitCode = failure.exitCode;
  }
}

/** Behind `--` everything is another program's. */
function wantsJson(argv: string[]): boolean {
  const end = argv.indexOf('--');
  return argv.slice(0, end === -1 ? undefined : end).includes('--json');
}
