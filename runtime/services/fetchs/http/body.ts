/** The body of an answer, unpacked (RFC 9110 §8.4) and bounded both before and after. */
import type { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import * as zlib from 'node:zlib';
import { FetchError, mebibytes } from '../fetch-error.ts';

export interface BodyLimits {
  maxWireBytes: number;
  maxBodyBytes: number;
  /** Leaves out what is beyond the limits, instead of refusing it. */
  cut?: boolean;
}

/** A site that packs more than twice wants something else. */
const MAX_CODINGS = 2;

const DECODERS = new Map<string, () => Transform>([
  ['gzip', () => zlib.createGunzip()],
  ['x-gzip', () => zlib.createGunzip()],
  ['deflate', () => zlib.createInflate()],
  ['br', () => zlib.createBrotliDecompress()],
  // Node 22.15 and later.
  ...(typeof zlib.createZstdDecompress === 'function'
    ? [['zstd', () => zlib.createZstdDecompress()] as const]
    : []),
]);

export const ACCEPT_ENCODING = ['gzip', 'br', 'zstd'].filter((coding) => DECODERS.has(coding)).join(', ');

/**
 * @param contentEncoding the answer's `Content-Encoding`
 * @param onBytes is told how many bytes have arrived, each time that more have
 * @throws FetchError for a body that is too large or cannot be unpacked; what the stream fails with
 */
export async function readBody(
  body: Readable,
  contentEncoding: string | undefined,
  limits: BodyLimits,
  onBytes: (received: number) => void = () => undefined,
): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  let received = 0;
  const keep = async (source: AsyncIterable<Buffer>): Promise<void> => {
    for await (const chunk of source) {
      bytes += chunk.length;
      chunks.push(chunk);
      if (bytes > limits.maxBodyBytes) throw tooLarge(limits.maxBodyBytes);
    }
  };
  async function* counted(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const chunk of source) {
      received += chunk.length;
      if (received > limits.maxWireBytes) throw tooLarge(limits.maxWireBytes);
      onBytes(received);
      yield chunk;
    }
  }
  /** What is unpacked to be unpacked again may be endless, and come to nothing. */
  async function* bounded(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    let unpacked = 0;
    for await (const chunk of source) {
      unpacked += chunk.length;
      if (unpacked > limits.maxBodyBytes) throw tooLarge(limits.maxBodyBytes);
      yield chunk;
    }
  }
  const decoders = decodersOf(contentEncoding).flatMap((decoder, index) =>
    index === 0 ? [decoder] : [bounded, decoder],
  );
  const streams = [body, counted, ...decoders, keep];
  try {
    await pipeline(streams as never);
  } catch (error) {
    const isCut = limits.cut === true && error instanceof TooLargeError;
    const damage = unpackingError(error);
    // Nothing at all is no damage: many a site says of an empty body, too, how it is packed.
    if (!isCut && (damage === undefined || received > 0)) throw damage ?? error;
  }
  return Buffer.concat(chunks, Math.min(bytes, limits.maxBodyBytes));
}

class TooLargeError extends FetchError {}

export function tooLarge(limit: number): FetchError {
  return new TooLargeError(
    `The body is larger than ${mebibytes(limit)}, which is as much as is fetched. ` +
      'Ask for a smaller page, or for a part of it with a Range header if the site has such.',
  );
}

function decodersOf(contentEncoding: string | undefined): Transform[] {
  const codings = (contentEncoding ?? '')
    .toLowerCase()
    .split(',')
    .map((coding) => coding.trim())
    .filter((coding) => coding !== '' && coding !== 'identity');
  if (codings.length > MAX_CODINGS) throw new FetchError('The body is packed too often to be read.');
  // The last coding was applied last.
  return codings.reverse().map((coding) => {
    const create = DECODERS.get(coding);
    if (create === undefined)
      throw new FetchError('The body is packed in a way that was not asked for and cannot be read.');
    return create();
  });
}

function unpackingError(error: unknown): FetchError | undefined {
  const { code } = error as NodeJS.ErrnoException;
  if (typeof code !== 'string' || !/^(?:Z_|ERR__ERROR_|ERR_BROTLI|ZSTD_|ERR_ZLIB)/.test(code))
    return undefined;
  return new FetchError('The body is damaged: it cannot be unpacked as its Content-Encoding says.');
}
