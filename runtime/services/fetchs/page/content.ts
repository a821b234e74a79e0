/** What an answer has for a model: text, Markdown of a page, or a small image. */
import { FetchError, mebibytes } from '../fetch-error.ts';
import { readBody, tooLarge } from '../http/body.ts';
import type { Hop } from '../http/redirects.ts';
import type { SiteResponse } from '../http/send.ts';
import type { FetchLimits } from '../limits.ts';
import { decodeText } from './charset.ts';
import { isImage, kindOf, mediaType, sniff } from './content-type.ts';
import { JobError, type Workers } from './workers.ts';

export interface Content {
  /** The answer's media type; empty where it has none. */
  contentType: string;
  text: string;
  title?: string;
  /** True where `text` is Markdown that was made of HTML. */
  converted: boolean;
  image?: { data: string; mimeType: string };
}

export interface ReadOptions {
  /** Leaves HTML as it is. */
  raw: boolean;
  limits: FetchLimits;
  workers: Workers;
  signal: AbortSignal;
  onBytes: (received: number, total?: number) => void;
}

/** Of a media type with its parameters; what is behind that is nonsense. */
const MAX_TYPE_LENGTH = 500;

/** RFC 9110 §6.4.1, and 304, which has none either. */
const WITHOUT_BODY = new Set([204, 205, 304]);

/** @throws FetchError for what a model cannot read or what is too large */
export async function readContent(hop: Hop, response: SiteResponse, options: ReadOptions): Promise<Content> {
  const type = response.header('content-type')?.slice(0, MAX_TYPE_LENGTH);
  const base = { contentType: mediaType(type), converted: false };
  if (hop.method === 'HEAD') return { ...base, text: headerLines(response) };
  const kind = kindOf(type);
  // The status of an error says more than a body that cannot be read.
  const isEmpty = WITHOUT_BODY.has(response.status) || (response.status >= 400 && kind === 'binary');
  if (isEmpty) return { ...base, text: '' };
  const length = Number(response.header('content-length') ?? Number.NaN);
  if (kind === 'binary' || (kind === 'image' && length > options.limits.maxImageBytes))
    throw unreadable(base.contentType, length, options.limits);
  if (length > options.limits.maxWireBytes) throw tooLarge(options.limits.maxWireBytes);
  const bytes = await read(response, length, options);
  if (kind === 'image') {
    if (!isImage(bytes, type) || bytes.length > options.limits.maxImageBytes)
      throw unreadable(base.contentType, bytes.length, options.limits);
    return { ...base, text: '', image: { data: bytes.toString('base64'), mimeType: base.contentType } };
  }
  const sniffed = kind === 'unknown' ? sniff(bytes) : kind;
  if (sniffed === 'binary' && response.status >= 400) return { ...base, text: '' };
  if (sniffed === 'binary') throw unreadable(base.contentType, bytes.length, options.limits);
  if (sniffed === 'text' || options.raw) return { ...base, text: decodeText(bytes, type) };
  return { ...base, converted: true, ...(await toMarkdown(hop, bytes, type, options)) };
}

function read(response: SiteResponse, length: number, { limits, onBytes }: ReadOptions): Promise<Buffer> {
  const total = Number.isSafeInteger(length) ? length : undefined;
  return readBody(response.body, response.header('content-encoding'), limits, (received) =>
    onBytes(received, total),
  );
}

async function toMarkdown(
  hop: Hop,
  bytes: Buffer,
  contentType: string | undefined,
  { workers, signal }: ReadOptions,
): Promise<{ text: string; title?: string }> {
  const url = hop.url.href;
  try {
    const { markdown, title } = await workers.run(
      { kind: 'page', bytes, url, ...(contentType !== undefined && { contentType }) },
      signal,
    );
    return { text: markdown, ...(title !== undefined && { title }) };
  } catch (error) {
    if (!(error instanceof JobError)) throw error;
    throw new FetchError('This page takes too much to be made Markdown of. With raw: true you get its HTML.');
  }
}

/** Of the answer to a HEAD request; but for cookies, which are a credential. */
function headerLines({ headers }: SiteResponse): string {
  return Object.entries(headers)
    .filter(([name]) => name !== 'set-cookie')
    .map(([name, value]) => `${name}: ${Array.isArray(value) ? value.join(', ') : (value ?? '')}`)
    .join('\n');
}

function unreadable(type: string, bytes: number, { maxImageBytes }: FetchLimits): FetchError {
  const size = Number.isSafeInteger(bytes) ? ` of ${mebibytes(bytes)}` : '';
  return new FetchError(
    `This is ${type === '' ? 'binary data' : type}${size}, which cannot be read as text. ` +
      `Pages, text, JSON and PNG, JPEG, GIF and WebP images up to ${mebibytes(maxImageBytes)} can be fetched.`,
  );
}
