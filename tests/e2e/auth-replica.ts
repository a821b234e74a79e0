/** One replica of auth as a process of its own: `node tests/e2e/auth-replica.ts REDIS_URL`. It sends its port. */
import type { AddressInfo } from 'node:net';
import { createAuth } from '../../runtime/auth/app.ts';
import { silentLogger } from '../../runtime/config/log.ts';
import { openRedisStore } from '../../runtime/store/redis.ts';
import { TOPOLOGY } from '../bench/auth/population.ts';
import { testSettings } from '../helpers/oauth-server.ts';

const [, , url = ''] = process.argv;
const settings = testSettings(TOPOLOGY, {
  settings: {
    rateLimitFactor: 0,
    identityProviders: [
      {
        kind: 'github',
        clientId: 'x',
        clientSecret: 'x',
        baseUrl: 'https://github.com',
        allowedUsers: ['*'],
      },
    ],
  },
});
const auth = await createAuth({ settings, store: openRedisStore({ url }), logger: silentLogger });
await auth.app.listen({ port: 0, host: '127.0.0.1' });
process.send?.((auth.app.server.address() as AddressInfo).port);
process.on('message', () => void auth.close().then(() => process.exit(0)));
process.on('disconnect', () => process.exit(0));
