import { describe, expect, it } from 'vitest';
import { basicEnvironment, ownEnvironment } from '../../runtime/config/child-env.ts';

const environment = {
  ...{ PATH: '/bin', LC_CTYPE: 'C.UTF-8', HTTPS_PROXY: 'http://proxy', EMPTY: undefined },
  ...{
    NODE_OPTIONS: '--max-old-space-size=128',
    GATEWAY_JWT_SECRET: 's',
    REDIS_PASSWORD_FILE: '/s',
    MINE: 'm',
  },
};

describe('the environment of a stdio server', () => {
  it('of the catalog is what it needs to run: no secret, and not the heap of our own process', () => {
    expect(basicEnvironment(environment)).toEqual({
      ...{ PATH: '/bin', LC_CTYPE: 'C.UTF-8', HTTPS_PROXY: 'http://proxy' },
    });
  });

  it("given by hand is that of the person, without what is the gateway's", () => {
    const seen = ownEnvironment(environment, ['GATEWAY_JWT_SECRET', 'REDIS_PASSWORD']);
    expect(seen).toMatchObject({ MINE: 'm' });
    expect(JSON.stringify(seen)).not.toMatch(/GATEWAY|REDIS/);
  });
});
