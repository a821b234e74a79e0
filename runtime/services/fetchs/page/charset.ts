/** From bytes to text, as browsers do it (Encoding standard; HTML standard, "prescan a byte stream"). */

const PRESCAN_BYTES = 1_024;

const BOMS: [bytes: number[], label: string][] = [
  [[0xef, 0xbb, 0xbf], 'utf-8'],
  [[0xfe, 0xff], 'utf-16be'],
  [[0xff, 0xfe], 'utf-16le'],
];

/**
 * The byte order mark decides, then the header, then what the document says of itself, then whether it is UTF-8.
 * @param contentType the header's value
 */
export function decodeText(bytes: Uint8Array, contentType: string | undefined): string {
  const marked = BOMS.find(([mark]) => mark.every((byte, index) => bytes[index] === byte))?.[1];
  const said = marked ?? known(headerCharset(contentType)) ?? known(documentCharset(bytes));
  if (said !== undefined) return new TextDecoder(said).decode(bytes);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder('windows-1252').decode(bytes);
  }
}

function headerCharset(contentType: string | undefined): string | undefined {
  return /;\s*charset\s*=\s*(?:"([^"]*)"|([^\s;]*))/i
    .exec(contentType ?? '')
    ?.slice(1)
    .find(Boolean);
}

function documentCharset(bytes: Uint8Array): string | undefined {
  const start = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(PRESCAN_BYTES, bytes.length)).toString(
    'latin1',
  );
  const xml = /^<\?xml[^>]{0,200}?\sencoding\s*=\s*["']([^"']{1,40})["']/i.exec(start)?.[1];
  const meta = /<meta[^>]{0,500}?\scharset\s*=\s*["']?([^\s"'/>;]{1,40})/i.exec(start)?.[1];
  const equivalent = /<meta[^>]{0,500}?;\s*charset\s*=\s*([^\s"'/>;]{1,40})/i.exec(start)?.[1];
  const label = xml ?? meta ?? equivalent;
  // A document whose ASCII could be read says UTF-16 in error.
  return label !== undefined && /^utf-?16/i.test(label) ? 'utf-8' : label;
}

/** @returns the label, where it is one of the Encoding standard's */
function known(label: string | undefined): string | undefined {
  if (label === undefined) return undefined;
  try {
    return new TextDecoder(label.trim()).encoding;
  } catch {
    return undefined;
  }
}
