/**
 * One look at a page before a tree is made of it: how large the tree would be, and its text. Linear in time, and with
 * hardly any memory beside the text, whatever the page is like.
 */
import { Parser } from 'htmlparser2';

export interface Survey {
  /** Elements and texts. */
  nodes: number;
  /** How deep elements nest. */
  depth: number;
  title?: string;
  /** What a person would see, in lines: for a page that is too large or too deep to be made Markdown of. */
  text: string;
}

const SILENT = new Set([
  ...[
    'script',
    'style',
    'noscript',
    'template',
    'svg',
    'math',
    'head',
    'iframe',
    'object',
    'canvas',
    'select',
  ],
]);

const INLINE = new Set([
  ...[
    'a',
    'abbr',
    'b',
    'bdi',
    'bdo',
    'cite',
    'code',
    'data',
    'dfn',
    'em',
    'font',
    'i',
    'kbd',
    'label',
    'mark',
  ],
  ...[
    'q',
    's',
    'samp',
    'small',
    'span',
    'strong',
    'sub',
    'sup',
    'time',
    'tt',
    'u',
    'var',
    'wbr',
    'del',
    'ins',
  ],
]);

/** Nothing that somebody has written nests deeper; the parser then takes ever longer for each element. */
const HOPELESS_DEPTH = 2_000;

const MAX_TITLE = 500;

const PIECE = 65_536;

class HopelessError extends Error {}

export function survey(html: string): Survey {
  try {
    return parsed(html);
  } catch (error) {
    if (!(error instanceof HopelessError)) throw error;
    return { nodes: Infinity, depth: Infinity, text: toLines(withoutTags(html)) };
  }
}

/** What is between tags, and nothing of what is in scripts and styles. */
function withoutTags(html: string): string {
  const parts: string[] = [];
  let silent = false;
  for (const part of html.split('<')) {
    const name = /^\/?[a-z]*/i.exec(part)?.[0].toLowerCase();
    if (name === 'script' || name === 'style') silent = true;
    if (name === '/script' || name === '/style') silent = false;
    if (silent) continue;
    const separator = INLINE.has(name?.replace('/', '') ?? '') ? '' : '\n';
    parts.push(separator + part.slice(part.indexOf('>') + 1).replace(/\s+/g, ' '));
  }
  return parts.join('');
}

function toLines(text: string): string {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line, index, all) => line !== '' || (index > 0 && all[index - 1] !== ''))
    .join('\n')
    .trim();
}

function parsed(html: string): Survey {
  let nodes = 0;
  let depth = 0;
  let deepest = 0;
  let silent = 0;
  let title: string | undefined;
  let inTitle = false;
  const parts: string[] = [];
  const parser = new Parser({
    onopentagname(name) {
      nodes += 1;
      depth += 1;
      deepest = Math.max(deepest, depth);
      if (depth > HOPELESS_DEPTH) throw new HopelessError();
      if (name === 'title' && title === undefined) inTitle = true;
      if (SILENT.has(name)) silent += 1;
      else if (!INLINE.has(name)) parts.push('\n');
    },
    onclosetag(name) {
      depth -= 1;
      if (name === 'title') inTitle = false;
      if (SILENT.has(name)) silent -= 1;
      else if (!INLINE.has(name)) parts.push('\n');
    },
    ontext(text) {
      nodes += 1;
      if (inTitle) title = ((title ?? '') + text).slice(0, MAX_TITLE);
      else if (silent === 0) parts.push(text.replace(/\s+/g, ' '));
    },
  });
  // In pieces, so that no text is long: replacing in a long one takes many times its memory.
  for (let at = 0; at < html.length; at += PIECE) parser.write(html.slice(at, at + PIECE));
  parser.end();
  return {
    nodes,
    depth: deepest,
    text: toLines(parts.join('')),
    ...(title !== undefined && { title: title.replace(/\s+/g, ' ').trim() }),
  };
}
