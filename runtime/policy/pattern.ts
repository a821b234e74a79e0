/** Names and patterns of the policy: `*` stands for any number of any characters, everything else for itself. */

/**
 * Whether `text` is what the pattern says, character by character. Takes time in proportion to the text, which may be as
 * long as a client likes.
 */
export function matches(pattern: string, text: string): boolean {
  const [first = '', ...rest] = pattern.split('*');
  const last = rest.pop();
  if (last === undefined) return pattern === text;
  if (text.length < first.length + last.length || !text.startsWith(first) || !text.endsWith(last))
    return false;
  const end = text.length - last.length;
  let from = first.length;
  for (const part of rest) {
    const found = text.indexOf(part, from);
    if (found === -1 || found + part.length > end) return false;
    from = found + part.length;
  }
  return true;
}

/** As `matches`, for what must not be got round by writing it differently: case, width and outer spaces do not count. */
export function matchesLoosely(pattern: string, text: string): boolean {
  return matches(fold(pattern), fold(text));
}

/** @returns the form in which two spellings of a name are the same */
export function fold(text: string): string {
  return text.normalize('NFKC').trim().toLowerCase();
}
