import { describe, expect, it } from 'vitest';
import { dockerProblem, requireDocker } from '../../../cli/compose/docker.ts';
import { DockerMissingError } from '../../../cli/compose/run.ts';

const said = (stdout: string) => ({ code: 0, stdout: `${stdout}\n`, stderr: '' });
const refused = (stderr: string) => ({ code: 1, stdout: '', stderr });
const good = {
  compose: said('2.26.1-4'),
  engine: said('20.10.24+dfsg1'),
  host: said('unix:///var/run/docker.sock'),
};

describe('dockerProblem', () => {
  it('is none where everything is there', () => {
    expect(dockerProblem(good)).toBeUndefined();
    expect(dockerProblem({ ...good, compose: said('v5.0.1'), engine: said('29.1.0') })).toBeUndefined();
    expect(dockerProblem({ ...good, host: said('tcp://127.0.0.1:2375') })).toBeUndefined();
    expect(dockerProblem({ ...good, host: said('npipe:////./pipe/docker_engine') })).toBeUndefined();
  });

  it.each([
    [
      'no daemon',
      { engine: refused('Cannot connect to the Docker daemon') },
      /does not answer at unix:.*is it running/,
    ],
    [
      'no permission',
      { engine: refused('permission denied while trying') },
      /may not use Docker.*group docker/,
    ],
    ['an old engine', { engine: said('19.03.8') }, /engine is 19\.03\.8 and 20\.10/],
    [
      'no Compose v2',
      { compose: refused("docker: 'compose' is not a docker command.") },
      /no Compose v2.*docker-compose/,
    ],
    ['an old Compose', { compose: said('2.6.1') }, /Compose is 2\.6\.1 and 2\.20/],
    [
      'another machine',
      { host: said('ssh://me@build.example.com') },
      /another machine \(ssh:\/\/build\.example\.com\)/,
    ],
    ['another machine by TCP', { host: said('tcp://127.0.0.1.evil.example:2375') }, /another machine/],
  ])('says in one line what to do about %s', (_, answers, message) => {
    const problem = dockerProblem({ ...good, ...answers }) ?? '';
    expect(problem).toMatch(message);
    expect(problem).toContain('mcpgw dev');
    expect(problem).not.toContain('\n');
  });

  it('says so where there is no docker at all', async () => {
    const run = () => Promise.reject(new DockerMissingError('no docker'));
    await expect(requireDocker(run)).rejects.toThrow(/not installed.*mcpgw dev/);
  });
});
