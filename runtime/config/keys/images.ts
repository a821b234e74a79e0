/** The images that the stack is built from. */
import { z } from 'zod';
import { keysOf } from '../key-meta.ts';

const key = keysOf('Container images');

export const imagesKeys = {
  NODE_IMAGE: image('node:24-slim', 'Node'),
  PYTHON_IMAGE: image('python:3.13-slim', 'Python'),
  REDIS_IMAGE: image('redis:8-alpine', 'Redis'),
  TRAEFIK_IMAGE: image('traefik:v3.7', 'Traefik'),
};

function image(name: string, what: string) {
  return key(
    z
      .string()
      .regex(/^[a-z0-9][a-zA-Z0-9._/:@-]+$/, 'is not an image name')
      .default(name),
    {
      title: `${what} image`,
      description: `The ${what} image; may be pinned by digest.`,
      example: name,
    },
  );
}
