/** The state of a service in a word or two, and its colour. */
import type { Style } from '../output.ts';
import type { ServiceStatus } from './containers.ts';

export function stateText({ state, exitCode }: Pick<ServiceStatus, 'state' | 'exitCode'>): string {
  switch (state) {
    case 'missing':
      return 'not created';
    case 'restarting':
    case 'stopped':
      return `${state} (${exitCode})`;
    default:
      return state;
  }
}

export function paintState(style: Style, { state }: Pick<ServiceStatus, 'state'>): (text: string) => string {
  switch (state) {
    case 'healthy':
      return style.green;
    case 'starting':
    case 'waiting':
      return style.yellow;
    case 'missing':
      return style.dim;
    default:
      return style.red;
  }
}
