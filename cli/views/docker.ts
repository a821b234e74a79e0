/** What the Dockerfiles say. */
import type { Service } from '../../runtime/config/catalog.ts';
import type { RenderInput } from '../render.ts';
import { runtimeImage } from './compose.ts';

/** A native service runs from the runtime image as it is. */
export function hasOwnImage(service: Service): boolean {
  return service.kind === 'proxy';
}

/** @returns the view of `docker/<service>.Dockerfile` */
export function serviceImageView(input: RenderInput, service: Service) {
  const { values } = input.config;
  const { container, data } = service;
  const python = container.base === 'python';
  return {
    name: service.name,
    baseImage: python ? values.PYTHON_IMAGE : values.NODE_IMAGE,
    runtimeImage: runtimeImage(values, input.version),
    python,
    // Shares the runtime's layers. Debian packages and Python are on their own base, below the runtime, so that a new
    // mcpgw does not install them again.
    onRuntime: !python && container.apt.length === 0,
    apt: container.apt.join(' '),
    ...packageView(service),
    data: data !== 'none',
    user: values.CONTAINER_USER,
  };
}

function packageView(service: Service) {
  const { package: source } = service;
  const npm = source !== undefined && 'npm' in source;
  return {
    package: source !== undefined,
    npm,
    pypi: source !== undefined && 'pypi' in source,
    npmSpec: npm ? `${source.npm}@${source.version}` : '',
    pypiSpec: source !== undefined && 'pypi' in source ? `${source.pypi}==${source.version}` : '',
    bin: source?.bin ?? '',
  };
}
