/** How long things last, in seconds. */
import { integer } from '../fields.ts';
import { keysOf } from '../key-meta.ts';

const DAY = 86_400;

const key = keysOf('Lifetimes');

export const lifetimesKeys = {
  ACCESS_TOKEN_LIFETIME: key(integer(60, 7 * DAY, 'seconds').default(DAY), {
    title: 'Access token lifetime',
    description: 'Seconds. Revocation reaches a token within a second, whatever its lifetime.',
    example: '86400',
  }),
  REFRESH_TOKEN_LIFETIME: key(integer(300, 365 * DAY, 'seconds').default(30 * DAY), {
    title: 'Refresh token lifetime',
    description: 'Seconds since it was last used.',
    example: '2592000',
  }),
  KEY_ROTATION_DAYS: key(integer(0, 3_650, 'days').default(90), {
    title: 'Key rotation',
    description: 'Days after which a new signing key takes over, without a restart. 0: never by itself.',
    example: '90',
  }),
  REFRESH_GRACE: key(integer(0, 3_600, 'seconds').default(120), {
    title: 'Refresh grace',
    description:
      'Seconds in which a client that lost the answer to a refresh gets the identical answer again.',
    example: '120',
  }),
  SESSION_TIMEOUT: key(integer(60, 7 * DAY, 'seconds').default(1_800), {
    title: 'Session timeout',
    description:
      'Seconds of disuse after which a browser is signed out, and an MCP session without a request or an open stream ends.',
    example: '1800',
  }),
  CLIENT_LIFETIME: key(integer(0, 3_650 * DAY, 'seconds').default(90 * DAY), {
    title: 'Client lifetime',
    description: 'Seconds after which a registered client must register again. 0: never.',
    example: '7776000',
  }),
};
