/** Whether Traefik can have its ports. */
import type { ConfigValues } from '../../../runtime/config/schema.ts';
import { type DoctorResult, failed, ok } from '../check.ts';
import type { PortState } from '../port-state.ts';

export interface PublishedPort {
  key: 'HTTP_PORT' | 'HTTPS_PORT';
  port: number;
}

/** Without TLS there is only the one. */
export function publishedPorts({ TLS_MODE, HTTP_PORT, HTTPS_PORT }: ConfigValues): PublishedPort[] {
  const http: PublishedPort = { key: 'HTTP_PORT', port: HTTP_PORT };
  return TLS_MODE === 'off' ? [http] : [http, { key: 'HTTPS_PORT', port: HTTPS_PORT }];
}

/** @param own whether this gateway itself has the port already */
export function portResult(
  { key, port }: PublishedPort,
  address: string,
  state: PortState,
  own: boolean,
): DoctorResult {
  const check = `port ${port}`;
  switch (state) {
    case 'free':
      return ok(check, `free at ${address}`);
    case 'elsewhere':
      return failed(
        check,
        `${address} is no address of this machine`,
        'set BIND_ADDRESS in .env to one that is; 0.0.0.0 means all of them',
      );
    case 'taken':
      return own
        ? ok(check, 'in use by this gateway, which runs')
        : failed(
            check,
            `in use at ${address}`,
            `stop what listens there (sudo ss -ltnp 'sport = :${port}' names it), or set another ${key} in .env`,
          );
  }
}
