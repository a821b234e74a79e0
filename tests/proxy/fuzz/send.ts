/** Sends an input as it is, and says what became of it. */
import type { Agent } from 'node:http';
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { connect } from 'node:net';
import type { HttpInput, RawInput } from './inputs.ts';

/** Far beyond what an answer takes: by then none comes. */
const UNANSWERED_MS = 15_000;

export interface Outcome {
  /** 0: the connection ended without an answer; -1: nothing at all came. */
  status: number;
  headers: IncomingHttpHeaders;
  /** Of a stream, its first event. */
  text: string;
}

export function sendHttp(
  port: number,
  agent: Agent,
  { method, path, headers, body }: HttpInput,
): Promise<Outcome> {
  const payload = body === undefined ? undefined : Buffer.from(body as string);
  const length = payload === undefined ? {} : { 'content-length': String(payload.length) };
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port, agent, method, path, headers: { ...headers, ...length } };
    const request = httpRequest(options, (response) => {
      const streams = response.headers['content-type']?.startsWith('text/event-stream') === true;
      let text = '';
      const done = (): void => resolve({ status: response.statusCode ?? 0, headers: response.headers, text });
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text += chunk;
        if (streams && text.includes('data: {')) response.destroy();
      });
      // One that says nothing yet is as good as answered.
      if (streams && method === 'GET') response.destroy();
      response.on('close', done);
      response.on('error', done);
    });
    const timer = setTimeout(() => {
      resolve({ status: -1, headers: {}, text: '' });
      request.destroy();
    }, UNANSWERED_MS);
    request.on('close', () => clearTimeout(timer));
    request.on('error', (error: NodeJS.ErrnoException) =>
      ['ECONNRESET', 'EPIPE', 'HPE_INVALID_CONSTANT'].includes(error.code ?? '')
        ? resolve({ status: 0, headers: {}, text: '' })
        : reject(error),
    );
    request.end(payload);
  });
}

/** Resolved once the connection is over, or as soon as something has come back. */
export function sendRaw(port: number, { bytes, leaves }: RawInput): Promise<Outcome> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    let text = '';
    const timer = setTimeout(() => socket.destroy(), UNANSWERED_MS);
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
      socket.destroy();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      clearTimeout(timer);
      resolve({ status: Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1] ?? 0), headers: {}, text });
    });
    socket.write(bytes, 'latin1', () => {
      if (leaves) socket.destroy();
      // Half closed: the server knows that nothing more comes.
      else socket.end();
    });
  });
}
