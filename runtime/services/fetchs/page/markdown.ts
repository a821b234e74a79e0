/** HTML → Markdown: the article where the page has one (Readability), else its main part, with absolute links. */
import { Readability } from '@mozilla/readability';
import { parseHTML } from 'linkedom';
import TurndownService from 'turndown';
import { code } from './code.ts';
import { lists } from './lists.ts';
import { survey } from './survey.ts';
import { tables } from './tables.ts';

export interface Page {
  title?: string;
  markdown: string;
}

/** Beyond these, a page becomes plain text: the tree would take too much time, memory or stack. */
const MAX_CHARACTERS = 4_000_000;
const MAX_NODES = 120_000;
const MAX_DEPTH = 400;

/** Of larger pages no article is looked for, which takes most of the time. */
const MAX_ARTICLE_NODES = 40_000;

/** An article of fewer characters is more likely a mistake than what the page is about. */
const MIN_ARTICLE = 200;

/** What carries nothing to read, or would run. */
const DROPPED = [
  ...[
    'script',
    'style',
    'noscript',
    'template',
    'iframe',
    'object',
    'embed',
    'svg',
    'canvas',
    'link',
    'meta',
  ],
  ...['dialog', 'button', 'input', 'select', 'textarea', '[hidden]', '[aria-hidden="true"]', 'img[alt=""]'],
];

/** Of a whole page, what is not shown or leads to other pages only. */
const AROUND = ['head', 'title', 'body > header', 'body > footer', 'nav', '[role="navigation"]'];

interface Element {
  textContent: string;
  getAttribute(name: string): string | null;
  setAttribute(name: string, value: string): void;
  removeAttribute(name: string): void;
  remove(): void;
  querySelectorAll(selector: string): Iterable<Element>;
  querySelector(selector: string): Element | null;
}

interface Document extends Element {
  documentElement: Element;
}

/** @param url where the page came from: what its links are relative to */
export function pageToMarkdown(html: string, url: string): Page {
  const { nodes, depth, title, text } = survey(html);
  const named = title === undefined || title === '' ? {} : { title };
  if (html.length > MAX_CHARACTERS || nodes > MAX_NODES || depth > MAX_DEPTH)
    return { ...named, markdown: text };
  try {
    const article = nodes > MAX_ARTICLE_NODES ? undefined : articleOf(parse(html, url));
    return { ...named, markdown: article ?? toMarkdown(mainOf(parse(html, url))) };
  } catch {
    // Such as too deep a recursion: the libraries are made for pages that somebody has written.
    return { ...named, markdown: text };
  }
}

function parse(html: string, url: string): Document {
  const { document } = parseHTML(framed(html)) as unknown as { document: Document };
  for (const element of document.querySelectorAll(DROPPED.join(','))) element.remove();
  resolveLinks(document, baseOf(document, url));
  return document;
}

/** The parser takes the first element for the root, and supplies none. */
function framed(html: string): string {
  if (/<html[\s>]/i.test(html)) return html;
  const body = /<body[\s>]/i.test(html) ? html : `<body>${html}</body>`;
  return `<html>${body}</html>`;
}

function articleOf(document: Document): string | undefined {
  const article = new Readability<Element>(document, {
    serializer: (element: unknown) => element as Element,
    keepClasses: true,
  }).parse();
  if (!article?.content || (article.length ?? 0) < MIN_ARTICLE) return undefined;
  const markdown = toMarkdown(article.content);
  // It takes the first heading away where that says what the title says.
  const heading = article.title && !markdown.startsWith('#') ? `# ${turndown.escape(article.title)}\n\n` : '';
  return heading + markdown;
}

/** What the page itself says is its main part, or all of it but what leads to other pages. */
function mainOf(document: Document): Element {
  for (const element of document.querySelectorAll(AROUND.join(','))) element.remove();
  const main = document.querySelector('main, [role="main"]');
  return main !== null && main.textContent.length >= MIN_ARTICLE ? main : document.documentElement;
}

function baseOf(document: Document, url: string): string {
  const base = document.querySelector('base[href]')?.getAttribute('href') ?? '';
  return URL.canParse(base, url) ? new URL(base, url).href : url;
}

function resolveLinks(document: Document, base: string): void {
  for (const [selector, attribute] of [
    ['a[href]', 'href'],
    ['img[src]', 'src'],
  ] as const) {
    for (const element of document.querySelectorAll(selector)) {
      const href = absolute(element.getAttribute(attribute) ?? '', base);
      if (href === undefined) element.removeAttribute(attribute);
      else element.setAttribute(attribute, href);
    }
  }
  // Icons, of which nothing is left but where they lead, and the marks by which headings link to themselves.
  for (const link of document.querySelectorAll('a'))
    if (/^[§¶#🔗\s]*$/u.test(link.textContent) && link.querySelector('img') === null) link.remove();
}

/** @returns undefined for what no reader should follow, such as `javascript:`, or carries its content in itself */
function absolute(href: string, base: string): string | undefined {
  if (!URL.canParse(href, base)) return undefined;
  const url = new URL(href, base);
  return ['http:', 'https:', 'mailto:', 'tel:'].includes(url.protocol) ? url.href : undefined;
}

const turndown = new TurndownService({
  headingStyle: 'atx',
  hr: '---',
  codeBlockStyle: 'fenced',
  emDelimiter: '_',
});
turndown.use([code, lists, tables]);
turndown.addRule('summary', { filter: 'summary', replacement: (content) => `\n\n${content}\n\n` });
turndown.addRule('imageInItself', {
  filter: (node) => {
    const element = node as unknown as Element & { nodeName: string };
    return element.nodeName === 'IMG' && !element.getAttribute('src');
  },
  replacement: (_content, node) => turndown.escape((node as unknown as Element).getAttribute('alt') ?? ''),
});
// Without a sign 10<sup>6</sup> would be 106. What else is raised are marks, and ends of numbers.
turndown.addRule('exponent', {
  filter: 'sup',
  replacement: (content) => content.replace(/^\\?([-+−]?\d+|[knmx])$/, '^$1'),
});
turndown.addRule('struck', { filter: ['del', 's'], replacement: (content) => `~~${content}~~` });

function toMarkdown(tree: Element): string {
  // (Not by a pattern, which would take ever longer for a long run of spaces.)
  const lines = turndown.turndown(tree).split('\n');
  return lines
    .map((line) => line.trimEnd())
    .join('\n')
    .replace(/\n{3,}/g, '\n\n')
    .trim();
}
