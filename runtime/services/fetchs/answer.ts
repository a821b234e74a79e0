/** From what was fetched to what the model is told: in words as the official fetch server has them, and structured. */
import type { ToolResult } from '../tool.ts';
import type { Fetched } from './fetcher.ts';

export interface Window {
  /** First character of the content that is wanted. */
  startIndex: number;
  /** Characters. */
  maxLength: number;
}

/** @returns the part of `text` in the window; no character is cut in half */
export function slice(text: string, { startIndex, maxLength }: Window): { part: string; end: number } {
  let end = Math.min(startIndex + maxLength, text.length);
  const splits = end < text.length && isHighSurrogate(text.charCodeAt(end - 1));
  // A window of one character still goes on.
  if (splits) end += end - 1 > startIndex ? -1 : 1;
  return { part: text.slice(startIndex, end).toWellFormed(), end: Math.max(end, startIndex) };
}

function isHighSurrogate(code: number): boolean {
  return code >= 0xd800 && code <= 0xdbff;
}

export function answerOf(fetched: Fetched, window: Window): ToolResult {
  const { status, url, contentType, title, text, image } = fetched;
  const { part, end } = slice(text, window);
  const truncated = end < text.length;
  const failed = status >= 400;
  const beyond = window.startIndex >= text.length;
  const hint = truncated
    ? `\n\n<error>Content truncated. Call the fetch tool with a start_index of ${end} to get more content.</error>`
    : '';
  const body = beyond ? nothingLeft(fetched) : part + hint;
  const lead = failed ? `${url} answered with status ${status}.\n` : '';
  return {
    text: `${lead}Contents of ${url}:\n${image === undefined ? body : `(an image, ${contentType})`}`,
    data: {
      ...{ status, url, contentType, content: part },
      ...(title !== undefined && { title }),
      ...{ length: text.length, startIndex: window.startIndex, truncated },
      ...(truncated && { nextIndex: end }),
    },
    ...(image !== undefined && { content: [{ type: 'image', ...image }] }),
    ...(failed && { failed }),
  };
}

function nothingLeft({ text, converted }: Fetched): string {
  if (text !== '') return '<error>No more content available.</error>';
  return converted
    ? '<error>This page has no text before a browser runs its scripts. With raw: true you get its HTML.</error>'
    : '(no content)';
}
