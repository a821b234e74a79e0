/** The process `mcpgw-tmux`: the server on standard input and output, and an end that leaves no terminal behind. */
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import { createTmuxServer } from './server.ts';
import { Terminals } from './terminals.ts';

/**
 * Serves until the input ends or the process is told to stop.
 * @param environment of the shells, too: whoever starts this keeps what is secret out of it
 */
export function serveTmux(environment: NodeJS.ProcessEnv): void {
  const terminals = new Terminals({ folder: process.cwd(), env: shellEnvironment(environment) });
  const served = serveStdio(() => createTmuxServer(terminals), {
    onerror: (error) => process.stderr.write(`${error.message}\n`),
  });
  let ending = false;
  const end = () => {
    if (ending) return;
    ending = true;
    void served
      .close()
      .then(() => terminals.end())
      .finally(() => process.exit(0));
  };
  process.stdin.once('end', end).once('close', end);
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.once(signal, end);
}

/**
 * A terminal that whoever started us sits in is none of the shells'. Nor is the mark of our process, by which the proxy
 * finds what it leaves behind: terminals belong to the user, and other processes may still hold them.
 */
const NOT_PASSED = new Set(['TMUX', 'TMUX_PANE', 'MCPGW_TERMINAL', 'MCPGW_CHILD']);

/** @returns what bash gets; with a locale in any case, so that it and what runs in it write UTF-8 */
function shellEnvironment(environment: NodeJS.ProcessEnv): Record<string, string> {
  const passed = Object.entries(environment).filter(
    (pair): pair is [string, string] => pair[1] !== undefined && !NOT_PASSED.has(pair[0]),
  );
  const locale = ['LC_ALL', 'LC_CTYPE', 'LANG'].some((name) => environment[name]);
  return { ...(locale ? {} : { LANG: 'C.UTF-8' }), ...Object.fromEntries(passed) };
}
