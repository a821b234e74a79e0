/** What a body is, by its `Content-Type` (RFC 9110 §8.3) and, where that says nothing, by its first bytes. */

export type Kind = 'html' | 'text' | 'image' | 'binary' | 'unknown';

/** @returns the media type in lower case, without parameters; empty where there is none */
export function mediaType(contentType: string | undefined): string {
  return (contentType ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
}

const HTML = new Set(['text/html', 'application/xhtml+xml']);

const TEXT = new RegExp(
  '^(?:text/.+|message/.+|.+\\+(?:json|xml|yaml)|image/svg\\+xml|' +
    'application/(?:json|xml|yaml|x-yaml|toml|javascript|x-javascript|ecmascript|typescript|graphql|sql|ld\\+json|' +
    'x-ndjson|ndjson|jsonl|json-seq|rtf|x-sh|x-www-form-urlencoded|x-tex|x-subrip))$',
);

/** Of `application/…`, what is no text for sure; the rest is looked at. */
const BINARY_APPLICATION = new RegExp(
  '^application/(?:pdf|zip|.+\\+zip|(?:x-)?gzip|java-archive|wasm|ogg|mp4|msword|vnd\\.(?:openxmlformats|ms-|oasis|android).+|' +
    '(?:vnd\\.|x-)rar.*|x-(?:tar|xz|bzip|7z|font|ms|shockwave|debian|rpm).*)$',
);

/** What models can see. */
const IMAGES = new Map<string, (bytes: Buffer) => boolean>([
  ['image/png', (bytes) => bytes.subarray(0, 8).equals(Buffer.from('89504e470d0a1a0a', 'hex'))],
  ['image/jpeg', (bytes) => bytes.subarray(0, 3).equals(Buffer.from('ffd8ff', 'hex'))],
  ['image/gif', (bytes) => /^GIF8[79]a/.test(bytes.toString('latin1', 0, 6))],
  ['image/webp', (bytes) => /^RIFF.{4}WEBP/s.test(bytes.toString('latin1', 0, 12))],
]);

export function kindOf(contentType: string | undefined): Kind {
  const type = mediaType(contentType);
  if (HTML.has(type)) return 'html';
  if (IMAGES.has(type)) return 'image';
  if (TEXT.test(type)) return 'text';
  if (BINARY_APPLICATION.test(type)) return 'binary';
  return /^(?:application|binary|unknown|\*)\/|^[^/]*$/.test(type) ? 'unknown' : 'binary';
}

/** @returns whether the bytes are an image of the type that they are said to be */
export function isImage(bytes: Buffer, contentType: string | undefined): boolean {
  return IMAGES.get(mediaType(contentType))?.(bytes) === true;
}

/** WHATWG MIME Sniffing, "binary data byte", as far as it is needed: text has no such bytes. */
// eslint-disable-next-line no-control-regex -- the point is to find them
const BINARY = /[\u0000-\u0008\u000b\u000e-\u001a\u001c-\u001f]/;

/** @returns what a body of unknown kind is */
export function sniff(bytes: Buffer): 'html' | 'text' | 'binary' {
  const start = bytes.toString('latin1', 0, 1_445);
  if (BINARY.test(start) && !/^(?:\xfe\xff|\xff\xfe)/.test(start)) return 'binary';
  return /^(?:\xef\xbb\xbf)?\s*<(?:!doctype html|html|head|body)[\s>]/i.test(start) ? 'html' : 'text';
}
