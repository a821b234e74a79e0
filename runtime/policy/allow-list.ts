/** Allow-lists (security invariant 7): empty means nobody, `*` alone anybody; names are trimmed and case-insensitive. */

/** @returns a test for one person's name */
export function createAllowList(entries: readonly string[]): (name: string) => boolean {
  const names = new Set(entries.map(fold).filter((name) => name !== ''));
  if (names.size === 1 && names.has('*')) return () => true;
  // Beside names `*` is a mistake, and a mistake opens nothing.
  names.delete('*');
  return (name) => names.has(fold(name));
}

function fold(name: string): string {
  return name.trim().toLowerCase();
}
