/** What somebody else wrote must not move the cursor, start a line of its own, or fill the screen. */
export function oneLine(text: string, characters = 200): string {
  return text
    .replace(/\p{Cc}+/gu, ' ')
    .trim()
    .slice(0, characters);
}
