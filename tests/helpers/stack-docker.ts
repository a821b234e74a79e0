/** What Docker knows of one Compose project, asked past Compose and past mcpgw. */
import { docker } from '../cli/support/docker.ts';

export interface ProjectDocker {
  /** Id by name of the running containers. */
  containers(): Record<string, string>;
  /** Ids of a service's containers, in the order of their names. */
  containersOf(service: string): string[];
  /** Addresses of a service's containers, in all their networks. */
  addresses(service: string): string[];
  /** The host's id of the process that a container's init runs: what `kill -9` is for. */
  mainProcess(container: string): number;
  /** Size in bytes by image of the project. */
  images(): Record<string, number>;
  /** Memory in MiB by container. */
  memory(): Record<string, number>;
  /** What there is of the project: containers, networks, volumes. */
  leftOver(): string[];
  removeAll(): void;
}

export function projectDocker(project: string): ProjectDocker {
  const label = ['--filter', `label=com.docker.compose.project=${project}`];
  const ofProject = (kind: string, ...args: string[]) =>
    lines(docker([kind, 'ls', ...args, '--quiet', ...label]).stdout);
  const containers = () =>
    Object.fromEntries(
      lines(docker(['ps', '--format', '{{.Names}} {{.ID}}', ...label]).stdout)
        .map((line) => line.split(' ') as [string, string])
        .sort(([a], [b]) => (a < b ? -1 : 1)),
    );
  const imageTags = () =>
    lines(
      docker(['image', 'ls', '--format', '{{.Repository}}:{{.Tag}}', '--filter', `reference=${project}-*`])
        .stdout,
    );
  const removeSome = (kind: string, names: string[]) => {
    if (names.length > 0) docker([kind, 'rm', ...(kind === 'network' ? [] : ['--force']), ...names]);
  };
  const containersOf = (service: string) =>
    Object.entries(containers())
      .filter(([name]) => name.startsWith(`${project}-${service}-`) && /-\d+$/.test(name))
      .filter(([name]) => name.slice(`${project}-${service}-`.length).match(/^\d+$/) !== null)
      .map(([, id]) => id);
  return {
    containers,
    containersOf,
    addresses: (service) => {
      const format = '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{"\\n"}}{{end}}';
      return lines(docker(['inspect', '--format', format, ...containersOf(service)]).stdout);
    },
    mainProcess: (container) => {
      const init = docker(['inspect', '--format', '{{.State.Pid}}', container]).stdout.trim();
      // Of the children of the init that `init: true` puts before it, the oldest: what a server leaves behind comes to it too.
      const [child] = lines(docker(['top', container, '-eo', 'pid,ppid,etimes']).stdout)
        .slice(1)
        .map((row) => row.trim().split(/\s+/).map(Number) as [number, number, number])
        .filter(([, parent]) => parent === Number(init))
        .sort(([pid, , age], [otherPid, , otherAge]) => otherAge - age || pid - otherPid);
      return child?.[0] ?? Number(init);
    },
    images: () =>
      Object.fromEntries(
        lines(
          docker(['image', 'inspect', '--format', '{{index .RepoTags 0}} {{.Size}}', ...imageTags()]).stdout,
        )
          .map((line) => line.split(' ') as [string, string])
          .map(([tag, size]) => [tag, Number(size)]),
      ),
    memory: () =>
      Object.fromEntries(
        lines(
          docker([
            'stats',
            '--no-stream',
            '--format',
            '{{.Name}} {{.MemUsage}}',
            ...Object.values(containers()),
          ]).stdout,
        ).map((line) => {
          const [name = '', amount = ''] = line.split(' ');
          return [name, mebibytes(amount)];
        }),
      ),
    leftOver: () => [...ofProject('container', '--all'), ...ofProject('network'), ...ofProject('volume')],
    removeAll: () => {
      removeSome('container', ofProject('container', '--all'));
      removeSome('network', ofProject('network'));
      removeSome('volume', ofProject('volume'));
      removeSome('image', imageTags());
      docker(['image', 'prune', '--force', ...label]);
    },
  };
}

/** `12.5MiB` → 12.5 */
function mebibytes(text: string): number {
  const [, number = '0', unit = ''] = /^([\d.]+)([KMG]?)i?B/.exec(text) ?? [];
  return Number(number) * ({ K: 1 / 1024, M: 1, G: 1024 }[unit] ?? 1 / 1024 ** 2);
}

function lines(text: string): string[] {
  return text.split('\n').filter((line) => line !== '');
}
