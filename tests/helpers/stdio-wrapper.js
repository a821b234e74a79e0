/** Starts the fixture as `npx` starts a server: a parent that only waits, and the real server as its child. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const fixture = fileURLToPath(new URL('stdio-fixture.js', import.meta.url));
const child = spawn(process.execPath, [fixture, ...process.argv.slice(2)], { stdio: 'inherit' });
// npx does not pass SIGTERM on; neither does this.
child.on('exit', (code) => process.exit(code ?? 1));
