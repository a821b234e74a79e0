/** Docker: that it is there, new enough and on this machine; and how much room it has. */
import { z } from 'zod';
import { askDocker, type DockerAnswers, dockerProblem } from '../../compose/docker.ts';
import { DockerMissingError, type RunDocker } from '../../compose/run.ts';
import { type DoctorResult, failed, ok, skipped, warning } from '../check.ts';

const GIB = 1024 ** 3;

export interface Engine {
  /** Bytes of memory that containers have. */
  memoryBytes: number;
  /** Where images and volumes are, on the machine of the engine. */
  rootFolder: string;
}

const infoSchema = z.looseObject({ MemTotal: z.number(), DockerRootDir: z.string() });

const ABSENT = 'mcpgw dev serves the same here without Docker';

/** @returns what was found, and the engine where it can be used */
export async function checkDocker(run: RunDocker): Promise<{ results: DoctorResult[]; engine?: Engine }> {
  let answers: DockerAnswers;
  try {
    answers = await askDocker(run);
  } catch (error) {
    if (!(error instanceof DockerMissingError)) throw error;
    const remedy = `install it: https://docs.docker.com/engine/install. Or: ${ABSENT}`;
    return { results: [failed('Docker', 'not installed: there is no docker on the PATH', remedy)] };
  }
  const problem = dockerProblem(answers);
  if (problem !== undefined) return { results: [failed('Docker', ...split(problem))] };
  const results = [
    ok('Docker', `${answers.engine.stdout.trim()} at ${answers.host.stdout.trim()}`),
    ok('Compose', answers.compose.stdout.trim()),
  ];
  const info = await run([
    'info',
    '--format',
    '{"MemTotal":{{json .MemTotal}},"DockerRootDir":{{json .DockerRootDir}}}',
  ]);
  const parsed = infoSchema.safeParse(info.code === 0 ? parseJson(info.stdout) : undefined);
  if (!parsed.success) return { results };
  const { MemTotal: memoryBytes, DockerRootDir: rootFolder } = parsed.data;
  return { results, engine: { memoryBytes, rootFolder } };
}

/** The first sentence is what is wrong, the others are what to do. */
function split(problem: string): [detail: string, remedy: string] {
  const [, detail = problem, remedy = ''] = /^(.*?[.?])\s+([A-Z].*)$/s.exec(problem) ?? [];
  return [detail.replace(/\.$/, ''), remedy];
}

/**
 * What the limits of all containers allow is more than they need; but below a floor for each, the kernel ends some.
 * @param limitsMib the memory limit of each container, in MiB
 */
export function checkMemory(limitsMib: number[], engine: Engine | undefined): DoctorResult {
  const check = 'memory';
  if (engine === undefined) return skipped(check, 'Docker has to say how much there is');
  const limit = (limitsMib.reduce((sum, mib) => sum + mib, 0) * 1024 ** 2) / GIB;
  const total = engine.memoryBytes / GIB;
  const detail = `${total.toFixed(1)} GiB; the limits of ${limitsMib.length} containers add up to ${limit.toFixed(1)} GiB`;
  const remedy = 'turn services off in .env (MCP_<SERVICE>_ENABLED=false), or give the machine more memory';
  if (engine.memoryBytes < limitsMib.length * IDLE_BYTES) return failed(check, detail, remedy);
  return limit > total ? warning(check, detail, remedy) : ok(check, detail);
}

/** A Node server that does nothing, in bytes. */
const IDLE_BYTES = 64 * 1024 ** 2;

/** Below this no image can be built, in bytes. */
const LEAST_FREE = GIB;
/** The base images and the runtime, and each service's own, in bytes. */
const GATEWAY_IMAGES = 2 * GIB;
const SERVICE_IMAGE = GIB / 2;

/**
 * @param freeBytes where images are kept
 * @param images number of images that services have of their own
 */
export function checkDisk(freeBytes: number, folder: string, images: number): DoctorResult {
  const check = 'disk';
  const wanted = GATEWAY_IMAGES + images * SERVICE_IMAGE;
  const detail = `${(freeBytes / GIB).toFixed(1)} GiB free in ${folder}`;
  const remedy = `make room for ${(wanted / GIB).toFixed(1)} GiB of images: docker system prune shows and removes what is unused`;
  if (freeBytes < LEAST_FREE) return failed(check, detail, remedy);
  return freeBytes < wanted ? warning(check, detail, remedy) : ok(check, detail);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
