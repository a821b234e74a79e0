import { describe, expect, it } from 'vitest';
import { buildArgv, downArgv, execArgv, logsArgv, psArgv, upArgv } from '../../../cli/compose/argv.ts';

const project = { folder: '/gw', files: ['/gw/compose.yaml', '/gw/compose.override.yaml'], name: 'shop' };
const places = [
  ...['compose', '--ansi', 'never', '--project-directory', '/gw', '--project-name', 'shop'],
  ...['--file', '/gw/compose.yaml', '--file', '/gw/compose.override.yaml'],
];

describe('arguments of docker', () => {
  it('always name folder, files and project, whatever the environment says', () => {
    for (const argv of [
      buildArgv(project, []),
      upArgv(project, []),
      psArgv(project),
      downArgv(project, { volumes: false }),
      logsArgv(project, [], {}),
      execArgv(project, 'auth', ['true'], { terminal: false }),
    ]) {
      expect(argv.slice(0, places.length)).toEqual(places);
    }
  });

  it('start without building, and never without what a service depends on', () => {
    const argv = upArgv(project, ['auth'], { noRecreate: true, scale: { service: 'auth', containers: 4 } });
    expect(argv.slice(places.length)).toEqual([
      ...['up', '--detach', '--no-build', '--remove-orphans', '--quiet-pull'],
      ...['--no-recreate', '--scale', 'auth=4', 'auth'],
    ]);
  });

  it('have what a person asked for', () => {
    expect(buildArgv(project, ['auth'], { noCache: true }).slice(places.length)).toEqual([
      'build',
      '--no-cache',
      'auth',
    ]);
    expect(downArgv(project, { volumes: true }).slice(places.length)).toEqual([
      'down',
      '--remove-orphans',
      '--volumes',
    ]);
    expect(
      logsArgv(project, ['auth'], { follow: true, since: '5m', tail: '3' }).slice(places.length),
    ).toEqual([
      ...['logs', '--no-color', '--timestamps', '--follow', '--since', '5m', '--tail', '3', 'auth'],
    ]);
    expect(execArgv(project, 'auth', ['ls', '-l'], { terminal: true }).slice(places.length)).toEqual([
      'exec',
      'auth',
      'ls',
      '-l',
    ]);
    expect(execArgv(project, 'auth', ['ls'], { terminal: false }).slice(places.length)).toEqual([
      'exec',
      '--no-TTY',
      'auth',
      'ls',
    ]);
  });
});
