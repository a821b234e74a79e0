import { request as httpRequest, type Agent, type IncomingHttpHeaders } from 'node:http';
import type { Malformed } from './values.ts';

export interface Answer {
  /** 0: the connection was cut before there was one. */
  status: number;
  text: string;
  headers: IncomingHttpHeaders;
}

export function send(
  port: number,
  agent: Agent,
  { method, url, headers, payload }: Malformed,
): Promise<Answer> {
  // Without it Node's client sends a body of DELETE or GET that no length announces: it would be the next request.
  const length = payload === undefined ? {} : { 'content-length': String(payload.length) };
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      { host: '127.0.0.1', port, agent, method, path: url, headers: { ...headers, ...length } },
      (response) => {
        // It stays open for as long as both sides want.
        if (response.headers['content-type']?.startsWith('text/event-stream') === true) {
          resolve({ status: response.statusCode ?? 0, text: '', headers: response.headers });
          return void response.destroy();
        }
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => (text += chunk));
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, text, headers: response.headers }),
        );
        response.on('error', reject);
      },
    );
    // A refused body may end the connection while it is still being sent.
    request.on('error', (error: NodeJS.ErrnoException) =>
      ['ECONNRESET', 'EPIPE'].includes(error.code ?? '')
        ? resolve({ status: 0, text: '', headers: {} })
        : reject(error),
    );
    request.end(payload);
  });
}
