/**
 * What a container reads only when it starts, and Compose does not look into: secrets, the folder's own services, and
 * Traefik's static file. A digest of it is a label of the container, so that Compose replaces exactly those for which
 * something changed. It is keyed, because the Compose file is no secret and a password in it could be guessed at.
 */
import { createHmac } from 'node:crypto';
import { secretNames, type Service } from '../../runtime/config/catalog.ts';
import { deriveKey } from '../../runtime/config/secrets.ts';
import type { RenderInput } from '../render.ts';
import {
  acmeSecret,
  acmeSecretNames,
  authSecrets,
  contextSecret,
  secretFiles,
  serviceSecret,
} from './secrets.ts';
import { staticView } from './traefik.ts';

export interface Digests {
  traefik: string;
  auth: string;
  redis: string;
  service(service: Service): string;
}

/** @param stackRedis the store is the Redis of the stack */
export function startDigests(input: RenderInput, services: Service[], stackRedis: boolean): Digests {
  const { config, catalog, ownServices, serviceSecrets, templates } = input;
  const { values } = config;
  const key = deriveKey(values.GATEWAY_JWT_SECRET, 'digest');
  const digest = (parts: unknown[]) =>
    createHmac('sha256', key).update(JSON.stringify(parts)).digest('hex').slice(0, 16);
  const given = { ...serviceSecrets, ...input.acmeSecrets };
  const files = secretFiles(values, services, given, stackRedis);
  const secret = (name: string) => [name, files.get(name)];
  const own = ownServices.map((name) => catalog.services.get(name));
  return {
    traefik: digest([
      templates.get('traefik/traefik.yaml.hbs'),
      staticView(config),
      ...acmeSecretNames(values).map((name) => secret(acmeSecret(name))),
    ]),
    auth: digest([...authSecrets(values).map((name) => secret(name.toLowerCase())), own]),
    redis: digest([secret('redis_acl')]),
    service: (service) =>
      digest([
        secret(contextSecret(service.name)),
        ...secretNames(service).map((name) => secret(serviceSecret(name))),
        own.find((one) => one?.name === service.name),
      ]),
  };
}
