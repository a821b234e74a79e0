/**
 * What the containers of the generated stack run: `main.js auth` or `main.js service <name>`, and in the first of them
 * `main.js admin <verb> …`; and `main.js stdio <name>`, a stdio server of ours. Configuration comes from the environment, secrets from `<NAME>_FILE`.
 */
const [role, name, ...rest] = process.argv.slice(2);
try {
  // Each role loads only what it runs.
  if (role === 'auth') await (await import('./container/auth.ts')).serveAuth(process.env);
  else if (role === 'service' && name !== undefined)
    await (await import('./container/service.ts')).serveService(name, process.env);
  else if (role === 'stdio' && name === 'tmux')
    (await import('./services/tmux/stdio.ts')).serveTmux(process.env);
  else if (role === 'admin' && name !== undefined) {
    const answer = await (await import('./container/admin.ts')).askAdmin([name, ...rest], process.env);
    process.stdout.write(`${answer}\n`);
  } else
    throw new Error(
      'usage: main.js auth | main.js service <name> | main.js stdio <name> | main.js admin <verb> ...',
    );
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
