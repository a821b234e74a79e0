import type { BodyRefusal } from '../net/request-body.ts';
import { unavailable } from './checks.ts';
import type { Refusal } from './http.ts';
import { ErrorCode } from './messages/json-rpc.ts';

/**
 * @param maxBytes the bound that a message which is too long went beyond
 * @returns what the client is told of a body that was not read
 */
export function bodyRefusal(why: BodyRefusal, maxBytes: number): Refusal {
  switch (why) {
    case 'too-long': {
      const message = `The message is longer than ${maxBytes} bytes.`;
      return { status: 413, code: ErrorCode.invalidRequest, message };
    }
    case 'busy':
      return unavailable(503, 'Too many messages are being received; try again later.');
    case 'user-busy':
      return unavailable(429, 'You are sending too much at once; let some of it finish.');
  }
}
