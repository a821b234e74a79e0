/** What `docker compose ps` says about containers, and what that means for the services. */
import { z } from 'zod';
import type { ComposeService } from './project.ts';

export interface Container {
  id: string;
  name: string;
  service: string;
  state: string;
  /** Empty when it has no health check, or does not run. */
  health: string;
  exitCode: number;
  /** Docker's own words, such as `Up 5 minutes (healthy)`. */
  status: string;
  image: string;
  /** Addresses that it publishes. */
  ports: string[];
}

const containerSchema = z.looseObject({
  ID: z.string(),
  Name: z.string(),
  Service: z.string(),
  State: z.string(),
  Health: z.string().default(''),
  ExitCode: z.number().default(0),
  Status: z.string().default(''),
  Image: z.string().default(''),
  Publishers: z.array(z.looseObject({ URL: z.string(), PublishedPort: z.number() })).nullish(),
});

/** @param stdout of `ps --format json`: an object a line, or, before Compose 2.21, one array */
export function parseContainers(stdout: string): Container[] {
  const text = stdout.trim();
  if (text === '') return [];
  const values = text.startsWith('[')
    ? (JSON.parse(text) as unknown[])
    : text.split('\n').map((line): unknown => JSON.parse(line));
  return values
    .map((value) => containerSchema.parse(value))
    .map((found) => ({
      id: found.ID,
      name: found.Name,
      service: found.Service,
      state: found.State,
      health: found.Health,
      // While a container waits for its restart, Compose has 0 there and the code only in words.
      exitCode: Number(/^Restarting \((\d+)\)/.exec(found.Status)?.[1] ?? found.ExitCode),
      status: found.Status,
      image: found.Image,
      ports: (found.Publishers ?? [])
        .filter(({ PublishedPort }) => PublishedPort !== 0)
        .map(({ URL, PublishedPort }) => `${URL.includes(':') ? `[${URL}]` : URL}:${PublishedPort}`),
    }))
    .sort((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }));
}

export type ServiceState =
  /** Has no container. */
  | 'missing'
  /** Made, not started: it waits for what it depends on. */
  | 'waiting'
  | 'starting'
  /** Runs, and where it has a health check, passes it. */
  | 'healthy'
  | 'unhealthy'
  /** Ended, and Docker starts it again. */
  | 'restarting'
  | 'stopped';

export interface ServiceStatus {
  service: string;
  state: ServiceState;
  /** Containers that are healthy. */
  ready: number;
  /** Containers that should be. */
  wanted: number;
  /** It has a health check. */
  checked: boolean;
  /** Of the container that `state` comes from. */
  exitCode: number;
  containers: Container[];
}

/** The worst of a service's containers decides. */
const WORST_FIRST: ServiceState[] = [
  'unhealthy',
  'restarting',
  'stopped',
  'missing',
  'waiting',
  'starting',
  'healthy',
];

/** @returns a status for each service, in their order */
export function serviceStatuses(services: ComposeService[], containers: Container[]): ServiceStatus[] {
  return services.map(({ name, replicas, checked }) => {
    const own = containers.filter((container) => container.service === name);
    const states = own.map((container) => containerState(container, checked));
    if (own.length < replicas) states.push('missing');
    const state = WORST_FIRST.find((candidate) => states.includes(candidate)) ?? 'missing';
    return {
      service: name,
      state,
      ready: states.filter((candidate) => candidate === 'healthy').length,
      wanted: replicas,
      checked,
      exitCode: own[states.indexOf(state)]?.exitCode ?? 0,
      containers: own,
    };
  });
}

/** @param checked whether its service has a health check */
export function containerState({ state, health }: Container, checked: boolean): ServiceState {
  switch (state) {
    case 'running':
      if (health === 'unhealthy') return 'unhealthy';
      // Between two starts there is no health yet, which is not the same as none to have.
      return health === 'healthy' || (health === '' && !checked) ? 'healthy' : 'starting';
    case 'created':
      return 'waiting';
    case 'restarting':
      return 'restarting';
    default:
      return 'stopped';
  }
}
