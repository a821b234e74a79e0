/** A setting or a state that would be unsafe, or cannot be; the message says what to do. */
export class EmbeddedError extends Error {
  override name = 'EmbeddedError';
}
