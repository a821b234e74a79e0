/** Calls the admin API: from the command line of a container, and from the CLI for a gateway without containers. */
import { signAdminToken } from './token.ts';

export interface AdminAnswer {
  /** The HTTP status. */
  status: number;
  /** Parsed JSON. */
  body: unknown;
}

/** Words that mean no request. */
export class AdminUsageError extends Error {
  override name = 'AdminUsageError';
}

export interface AdminCall {
  /** Where the admin API listens, such as `http://127.0.0.1:8081`. */
  origin: string;
  rootSecret: string;
  /** Milliseconds since the epoch. */
  nowMs: number;
  fetch?: typeof fetch;
}

/** How long an answer may take, in milliseconds. */
const LIMIT_MS = 10_000;

const ROTATIONS = ['now', 'revoke-old'];

interface AdminRequest {
  method: 'GET' | 'POST' | 'DELETE';
  path: string;
  body?: object;
}

/**
 * @param words a verb and its operands: `ping`, `list`, `show ID`, `delete ID`, `register JSON`, `issue SERVICE…`, `end ID`,
 *   `keys`, `rotate-keys [now] [revoke-old]`
 * @throws AdminUsageError, and TypeError when nothing answers there
 */
export async function callAdmin(words: string[], call: AdminCall): Promise<AdminAnswer> {
  const { method, path, body } = requestOf(words);
  const token = await signAdminToken(call.rootSecret, call.nowMs);
  const response = await (call.fetch ?? fetch)(call.origin + path, {
    method,
    redirect: 'error',
    signal: AbortSignal.timeout(LIMIT_MS),
    headers: { authorization: `Bearer ${token}`, ...(body && { 'content-type': 'application/json' }) },
    ...(body && { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: await response.json() };
}

function requestOf([verb, ...operands]: string[]): AdminRequest {
  const [id = '', ...more] = operands;
  const path = encodeURIComponent(id);
  if (verb === 'issue' && id !== '')
    return { method: 'POST', path: '/health-tokens', body: { services: operands } };
  if (id === '' && verb === 'ping') return { method: 'GET', path: '/store' };
  if (id === '' && verb === 'keys') return { method: 'GET', path: '/keys' };
  if (verb === 'rotate-keys' && operands.every((word) => ROTATIONS.includes(word))) {
    const body = { atOnce: operands.includes('now'), revokeOld: operands.includes('revoke-old') };
    return { method: 'POST', path: '/keys', body };
  }
  if (id === '' && verb === 'list') return { method: 'GET', path: '/clients' };
  if (id !== '' && more.length === 0) {
    if (verb === 'register') return { method: 'POST', path: '/clients', body: jsonObject(id) };
    if (verb === 'show') return { method: 'GET', path: `/clients/${path}` };
    if (verb === 'delete') return { method: 'DELETE', path: `/clients/${path}` };
    if (verb === 'events' && /^\d{1,4}$/.test(id)) return { method: 'GET', path: `/events/${id}` };
    if (verb === 'revoke-user') return { method: 'DELETE', path: `/users/${path}` };
    if (verb === 'end') return { method: 'DELETE', path: `/health-tokens/${path}` };
  }
  throw new AdminUsageError(
    'usage: ping | list | show ID | delete ID | register JSON | issue SERVICE... | end ID | keys | rotate-keys [now] [revoke-old] | events COUNT | revoke-user USER',
  );
}

function jsonObject(text: string): object {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value;
  } catch {
    // Said below.
  }
  throw new AdminUsageError('register takes one JSON object');
}
