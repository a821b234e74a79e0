/** Whether this machine can run the stack; every way in which it cannot is one line with a remedy. */
import { EXIT, UserError } from '../errors.ts';
import { DockerMissingError, type RunDocker, type RunResult } from './run.ts';

/** The oldest that is tried: engine of Debian 12, and a Compose that knows everything in the generated file. */
const OLDEST = { engine: '20.10', compose: '2.20' };

const INSTEAD = 'mcpgw dev serves the same here without Docker.';

/** What `docker` said to the questions below. */
export interface DockerAnswers {
  /** `docker compose version --short` */
  compose: RunResult;
  /** `docker version --format {{.Server.Version}}` */
  engine: RunResult;
  /** `docker context inspect --format {{.Endpoints.docker.Host}}`, which knows DOCKER_HOST as well */
  host: RunResult;
}

/**
 * Asks the client about Compose, the engine and where it is, at once.
 * @throws DockerMissingError when there is no docker on the PATH
 */
export async function askDocker(run: RunDocker): Promise<DockerAnswers> {
  const [compose, engine, host] = await Promise.all([
    run(['compose', 'version', '--short']),
    run(['version', '--format', '{{.Server.Version}}']),
    run(['context', 'inspect', '--format', '{{.Endpoints.docker.Host}}']),
  ]);
  return { compose, engine, host };
}

/** @throws UserError when the stack cannot run here */
export async function requireDocker(run: RunDocker): Promise<void> {
  let answers: DockerAnswers;
  try {
    answers = await askDocker(run);
  } catch (error) {
    if (!(error instanceof DockerMissingError)) throw error;
    throw new UserError(
      `Docker is not installed here: there is no docker on the PATH. Install it (https://docs.docker.com/engine/install). ${INSTEAD}`,
    );
  }
  const problem = dockerProblem(answers);
  if (problem !== undefined) throw new UserError(problem, EXIT.failed);
}

/** @returns what is wrong and what to do, or undefined */
export function dockerProblem({ compose, engine, host }: DockerAnswers): string | undefined {
  const address = host.stdout.trim();
  if (host.code === 0 && !isLocal(address)) {
    return `Docker's context leads to another machine (${withoutUser(address)}), where the generated files are not. Use one of this machine (docker context use default; unset DOCKER_HOST). ${INSTEAD}`;
  }
  if (engine.code !== 0) return unreachable(engine.stderr, address);
  if (older(engine.stdout.trim(), OLDEST.engine)) {
    return `the Docker engine is ${engine.stdout.trim()} and ${OLDEST.engine} or newer is needed. Update it. ${INSTEAD}`;
  }
  if (compose.code !== 0) {
    return `Docker here has no Compose v2 (docker compose; the old docker-compose does not do). Install it (https://docs.docker.com/compose/install). ${INSTEAD}`;
  }
  const version = compose.stdout.trim().replace(/^v/, '');
  if (older(version, OLDEST.compose)) {
    return `Docker Compose is ${version} and ${OLDEST.compose} or newer is needed. Update it. ${INSTEAD}`;
  }
  return undefined;
}

function unreachable(stderr: string, address: string): string {
  if (/permission denied/i.test(stderr)) {
    return `you may not use Docker here (permission denied at ${address}). Add yourself to the group docker and sign in again. ${INSTEAD}`;
  }
  return `Docker does not answer at ${address || 'its socket'}: is it running? Start it (sudo systemctl start docker, or Docker Desktop). ${INSTEAD}`;
}

/** Through a socket or loopback: bind mounts mean this machine's files. */
function isLocal(address: string): boolean {
  if (/^(?:unix|npipe|fd):/.test(address) || address === '') return true;
  const host = /^tcp:\/\/(\[[^\]]*\]|[^:/]*)/.exec(address)?.[1];
  return host !== undefined && /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/.test(host);
}

function withoutUser(address: string): string {
  return address.replace(/\/\/[^@/]*@/, '//');
}

/** Compares major and minor; what is no version counts as new enough. */
function older(version: string, least: string): boolean {
  const [major, minor] = numbers(version);
  const [leastMajor, leastMinor] = numbers(least);
  if (major === undefined || minor === undefined) return false;
  return major < (leastMajor ?? 0) || (major === leastMajor && minor < (leastMinor ?? 0));
}

function numbers(version: string): number[] {
  return (/^(\d+)\.(\d+)/.exec(version)?.slice(1) ?? []).map(Number);
}
