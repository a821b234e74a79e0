/** Arguments of `docker` for everything that the CLI does with it. Pure; nothing here runs anything. */

/** Which Compose project is meant. */
export interface Project {
  /** Absolute: where relative paths in the file start from. */
  folder: string;
  /** Absolute paths, the later over the earlier. */
  files: string[];
  /** Said explicitly, so that a COMPOSE_PROJECT_NAME in the environment cannot lead to another one. */
  name: string;
}

function compose({ folder, files, name }: Project): string[] {
  const places = ['--project-directory', folder, '--project-name', name];
  return ['compose', '--ansi', 'never', ...places, ...files.flatMap((file) => ['--file', file])];
}

/** Builds the images of these services. */
export function buildArgv(
  project: Project,
  services: string[],
  options: { noCache?: boolean } = {},
): string[] {
  return [...compose(project), 'build', ...(options.noCache === true ? ['--no-cache'] : []), ...services];
}

export interface UpOptions {
  /** Leaves containers that are not as the file says. */
  noRecreate?: boolean;
  /** Number of containers of one service, over what the file says. */
  scale?: { service: string; containers: number };
}

/**
 * Creates and starts, with what they depend on; images are there already. No services: all of them. (`--no-deps` is no
 * way to leave those alone: with it Compose forgets `depends_on`, and then takes every container for outdated.)
 */
export function upArgv(project: Project, services: string[], options: UpOptions = {}): string[] {
  const { scale } = options;
  return [
    ...compose(project),
    ...['up', '--detach', '--no-build', '--remove-orphans', '--quiet-pull'],
    ...(options.noRecreate === true ? ['--no-recreate'] : []),
    ...(scale === undefined ? [] : ['--scale', `${scale.service}=${scale.containers}`]),
    ...services,
  ];
}

/** One JSON object for each container, also of those that have stopped. */
export function psArgv(project: Project, services: string[] = []): string[] {
  return [...compose(project), 'ps', '--all', '--format', 'json', ...services];
}

/** Compose's hash of a service as the file has it, which it also puts on containers. */
export function hashArgv(project: Project, service: string): string[] {
  return [...compose(project), 'config', '--hash', service];
}

/** @param volumes removes the volumes that the file names as well */
export function downArgv(project: Project, options: { volumes: boolean }): string[] {
  return [...compose(project), 'down', '--remove-orphans', ...(options.volumes ? ['--volumes'] : [])];
}

export interface LogsOptions {
  follow?: boolean;
  /** A time, or how long ago, in Docker's words: `10m`, `2026-01-31T12:00:00Z`. */
  since?: string;
  /** Lines of each container, a number or `all`. */
  tail?: string;
}

/** Lines with the container's name and the time before them. */
export function logsArgv(project: Project, services: string[], options: LogsOptions): string[] {
  return [
    ...compose(project),
    ...['logs', '--no-color', '--timestamps'],
    ...(options.follow === true ? ['--follow'] : []),
    ...(options.since === undefined ? [] : ['--since', options.since]),
    ...(options.tail === undefined ? [] : ['--tail', options.tail]),
    ...services,
  ];
}

/** @param terminal gives the command a terminal of its own */
export function execArgv(
  project: Project,
  service: string,
  command: string[],
  options: { terminal: boolean },
): string[] {
  return [...compose(project), 'exec', ...(options.terminal ? [] : ['--no-TTY']), service, ...command];
}

/** How long a container may take to end, in seconds, before it is killed: the `stop_grace_period` of the file. */
const STOP_SECONDS = '15';

/** Of one container alone: Compose would take all replicas of a service at once. */
export function restartArgv(container: string): string[] {
  return ['container', 'restart', '--time', STOP_SECONDS, container];
}

export function stopArgv(container: string): string[] {
  return ['container', 'stop', '--time', STOP_SECONDS, container];
}

export function removeArgv(container: string): string[] {
  return ['container', 'rm', container];
}

/** Whatever it is doing. */
export function discardArgv(container: string): string[] {
  return ['container', 'rm', '--force', container];
}

/** One JSON object with the labels of each container, in their order. */
export function labelsArgv(containers: string[]): string[] {
  return ['container', 'inspect', '--format', '{{json .Config.Labels}}', ...containers];
}

/** The folder that each container of the project was made from, also of those that have stopped. */
export function foldersArgv(project: string): string[] {
  const of = `label=com.docker.compose.project=${project}`;
  const format = '{{.Label "com.docker.compose.project.working_dir"}}';
  return ['container', 'ls', '--all', '--filter', of, '--format', format];
}

/** Id and, as JSON, the last probes of each container, with a tab between them. */
export function probesArgv(containers: string[]): string[] {
  return ['container', 'inspect', '--format', '{{.Id}}\t{{json .State.Health}}', ...containers];
}

/** For each image that is there, its id and its tags. */
export function imagesArgv(images: string[]): string[] {
  return ['image', 'inspect', '--format', '{"id":{{json .Id}},"tags":{{json .RepoTags}}}', ...images];
}

/** Removes the project's images that have lost their name to a new build, and have no container any more. */
export function pruneImagesArgv(project: string): string[] {
  return ['image', 'prune', '--force', '--filter', `label=com.docker.compose.project=${project}`];
}

/** Names of what is left of a project, whatever its file says now. */
export function leftOverArgv(kind: 'volume' | 'network', project: string): string[] {
  return [kind, 'ls', '--quiet', '--filter', `label=com.docker.compose.project=${project}`];
}

export function removeLeftOverArgv(kind: 'volume' | 'network', names: string[]): string[] {
  return [kind, 'rm', ...names];
}

/** One JSON object for each network. */
export function networksArgv(names: string[]): string[] {
  return ['network', 'inspect', '--format', '{{json .}}', ...names];
}

/** Id, name, project and service of each container in a network, with tabs between them; also of those that do not run. */
export function networkContainersArgv(network: string): string[] {
  const label = (name: string) => `{{.Label "com.docker.compose.${name}"}}`;
  const format = ['{{.ID}}', '{{.Names}}', label('project'), label('service')].join('\t');
  return ['container', 'ls', '--all', '--filter', `network=${network}`, '--format', format];
}

/** Id, service and networks (with commas between them) of each container of a project, with tabs between them. */
export function connectionsArgv(project: string): string[] {
  const format = ['{{.ID}}', '{{.Label "com.docker.compose.service"}}', '{{.Networks}}'].join('\t');
  const filter = `label=com.docker.compose.project=${project}`;
  return ['container', 'ls', '--all', '--filter', filter, '--format', format];
}

export function disconnectArgv(network: string, container: string): string[] {
  return ['network', 'disconnect', '--force', network, container];
}
