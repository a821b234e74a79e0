/**
 * The passphrase of the one owner, and what of it stands in `.env`: `scrypt:N:r:p:salt:hash` (RFC 7914), salt and hash in
 * base64url. Colons and not dollars, so that Compose has nothing to expand.
 */
import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';

/** The least length, in characters: what NIST SP 800-63B-4 §3.1.1.2 wants of a password that is the only factor. */
export const MIN_PASSPHRASE_LENGTH = 15;
const MAX_PASSPHRASE_LENGTH = 256;
/** Fewer different characters are a pattern, such as one word again and again. */
const MIN_DIFFERENT = 7;

/** Of OWASP's equivalent choices the one that takes 32 MiB, since auth has 256: about a quarter of a second. */
const COST = { N: 2 ** 15, r: 8, p: 3 };
const HASH_BYTES = 32;

/** Bounds of what a hash may demand: 64 MiB, and a few seconds. */
const MAX_MEMORY_BYTES = 64 * 1024 * 1024;
const MAX_WORK = 2 ** 24;
const MIN_WORK = 2 ** 17;

const FORM = /^scrypt:(\d{1,8}):(\d{1,3}):(\d{1,3}):([A-Za-z0-9_-]{22,86}):([A-Za-z0-9_-]{43})$/;

interface Parsed {
  N: number;
  r: number;
  p: number;
  salt: Buffer;
  hash: Buffer;
}

/** @returns undefined for a text that is no such hash, or whose parameters are too weak or too costly */
function parse(text: string): Parsed | undefined {
  const [, n, r, p, salt = '', hash = ''] = FORM.exec(text) ?? [];
  const [N, blocks, lanes] = [Number(n), Number(r), Number(p)];
  const powerOfTwo = N > 1 && Number.isInteger(Math.log2(N));
  if (!powerOfTwo || !(blocks >= 1) || !(lanes >= 1)) return undefined;
  const work = N * blocks * lanes;
  if (128 * N * blocks > MAX_MEMORY_BYTES || work > MAX_WORK || work < MIN_WORK) return undefined;
  return {
    ...{ N, r: blocks, p: lanes },
    ...{ salt: Buffer.from(salt, 'base64url'), hash: Buffer.from(hash, 'base64url') },
  };
}

export function isPassphraseHash(text: string): boolean {
  return parse(text) !== undefined;
}

/** @returns what is wrong with a new passphrase; undefined when it will do */
export function passphraseProblem(passphrase: string): string | undefined {
  const characters = [...normalize(passphrase)];
  if (characters.length < MIN_PASSPHRASE_LENGTH)
    return `must have at least ${MIN_PASSPHRASE_LENGTH} characters; four or five random words are good`;
  if (characters.length > MAX_PASSPHRASE_LENGTH)
    return `must have at most ${MAX_PASSPHRASE_LENGTH} characters`;
  if (new Set(characters.map((character) => character.toLowerCase())).size < MIN_DIFFERENT)
    return 'is too easy to guess: it has too few different characters';
  return undefined;
}

/** @returns what stands in `.env` */
export async function hashPassphrase(passphrase: string, salt = randomBytes(16)): Promise<string> {
  const { N, r, p } = COST;
  const hash = await derive(passphrase, { N, r, p, salt });
  return ['scrypt', N, r, p, salt.toString('base64url'), hash.toString('base64url')].join(':');
}

/**
 * Off the event loop, and in constant time.
 *
 * @throws Error for a hash that `isPassphraseHash` does not take
 */
export async function isPassphrase(passphrase: string, hashText: string): Promise<boolean> {
  const parsed = parse(hashText);
  if (parsed === undefined) throw new Error('The hash of the passphrase is not one that mcpgw made.');
  // What is longer cannot be right, and need not be hashed.
  if (passphrase.length > 4 * MAX_PASSPHRASE_LENGTH) return false;
  return timingSafeEqual(await derive(passphrase, parsed), parsed.hash);
}

function derive(passphrase: string, { N, r, p, salt }: Omit<Parsed, 'hash'>): Promise<Buffer> {
  const options = { N, r, p, maxmem: MAX_MEMORY_BYTES + 1024 * 1024 };
  return new Promise((resolve, reject) => {
    scrypt(normalize(passphrase), salt, HASH_BYTES, options, (error, key) =>
      error === null ? resolve(key) : reject(error),
    );
  });
}

/** The same on every keyboard: NIST SP 800-63B-4 §3.1.1.2. White space around it comes from copying. */
function normalize(passphrase: string): string {
  return passphrase.normalize('NFKC').trim();
}
