/**
 * Keeps a process that nothing else ends alive, but not longer than the tests: when their process is killed, nobody is left
 * who would end it. Run as a script, with `--browser`, it is such a process itself.
 */
import { setInterval } from 'node:timers';

const CHECK_MS = 1000;

export function stayAlive() {
  const tests = Number(process.env.MCPGW_TEST_PID);
  setInterval(() => {
    try {
      if (tests > 0) process.kill(tests, 0);
    } catch {
      process.exit();
    }
  }, CHECK_MS);
}

if (process.argv.includes('--browser')) stayAlive();
