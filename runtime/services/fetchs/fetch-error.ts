/** Why nothing was fetched, in words for the caller: what happened, and what to do. */
export class FetchError extends Error {
  override name = 'FetchError';
}

export function mebibytes(bytes: number): string {
  return `${Number((bytes / 1024 / 1024).toFixed(1))} MiB`;
}
