/** A client that keeps a connection busy, and what comes of it. */
import { connect } from 'node:net';

export interface SlowRequest {
  port: number;
  /** Said at once. */
  begin?: string;
  /** Then said again and again, with a moment in between, for as long as the connection lasts. */
  drip?: string;
}

/** @returns all that came back, once the other side has ended the connection */
export function untilCut({ port, begin = '', drip }: SlowRequest): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    let received = '';
    socket.setEncoding('utf8');
    socket.on('data', (text: string) => (received += text));
    const timer = setInterval(() => {
      if (drip !== undefined && socket.writable) socket.write(drip);
    }, 5);
    // What is still said to a closed connection is answered with a reset.
    socket.on('error', () => undefined);
    socket.on('close', () => {
      clearInterval(timer);
      resolve(received);
    });
    if (begin !== '') socket.write(begin);
  });
}
