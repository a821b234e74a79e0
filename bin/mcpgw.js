#!/usr/bin/env node
// The launcher: plain JavaScript in the syntax of every Node that people still have, so that an old one can say what
// is wrong. A Node that is new enough runs the compiled program here; otherwise the one that the clone brings along does.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import * as nodeModule from 'node:module';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const NEEDED = [22, 13];
const self = fileURLToPath(import.meta.url);
const root = dirname(dirname(self));
const program = join(root, 'dist', 'cli', 'main.js');
const ownNode = join(root, 'node_modules', 'node', 'bin', 'node');

function fail(message) {
  process.stderr.write(`mcpgw: ${message}\n`);
  process.exitCode = 1;
}

function newEnough(version) {
  const [major, minor] = version.split('.').map(Number);
  return major > NEEDED[0] || (major === NEEDED[0] && minor >= NEEDED[1]);
}

/** `node:sqlite` works and says on each start that it may change; every other warning is shown. */
function quietSqliteWarning() {
  const emit = process.emitWarning;
  process.emitWarning = (warning, ...rest) => {
    if (/SQLite/.test(String(warning)) && JSON.stringify(rest).includes('ExperimentalWarning')) return;
    Reflect.apply(emit, process, [warning, ...rest]);
  };
}

/** Runs this file with the other Node and passes on its end; a signal to us is a signal to it. */
function runWith(node) {
  const child = spawn(node, [self, ...process.argv.slice(2)], {
    stdio: 'inherit',
    env: { ...process.env, MCPGW_LAUNCHED: '1' },
  });
  // A terminal sends Ctrl-C to both of us: the child decides what it means.
  process.on('SIGINT', () => undefined);
  for (const signal of ['SIGTERM', 'SIGHUP', 'SIGQUIT']) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => fail(`cannot start ${node}: ${error.message}`));
  child.on('exit', (code, signal) => process.exit(signal === null ? code : 128 + constants.signals[signal]));
}

if (!newEnough(process.versions.node)) {
  // MCPGW_LAUNCHED: the other Node is too old as well, and would start itself for ever.
  if (existsSync(ownNode) && process.env.MCPGW_LAUNCHED === undefined) runWith(ownNode);
  else {
    fail(
      `needs Node ${NEEDED.join('.')} or newer and this is ${process.versions.node}. Get one from https://nodejs.org (or with nvm: nvm install 24).`,
    );
  }
} else if (!existsSync(program)) {
  fail(`${program} is missing. In a clone, run: npm ci && npm run build`);
} else {
  nodeModule.enableCompileCache();
  quietSqliteWarning();
  import(pathToFileURL(program).href);
}
