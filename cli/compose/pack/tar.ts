/**
 * Writes a tar archive (POSIX.1-1988 ustar) that depends on nothing but names and contents: no times, no owners, sorted.
 * Docker's build cache goes by content, and so the same package must give the same bytes.
 */
import { gzipSync } from 'node:zlib';

const BLOCK = 512;

/** @param files content by path, with forward slashes, relative */
export function tarGz(files: Map<string, Uint8Array>): Uint8Array {
  const blocks: Uint8Array[] = [];
  for (const [path, content] of [...files].sort(([a], [b]) => (a < b ? -1 : 1))) {
    blocks.push(header(path, content.length), content, new Uint8Array(padding(content.length)));
  }
  // Two empty blocks end an archive.
  blocks.push(new Uint8Array(2 * BLOCK));
  const packed = gzipSync(Buffer.concat(blocks), { level: 9 });
  // RFC 1952 §2.3.1: the byte for the operating system, which zlib fills in; 255 means unknown.
  packed[9] = 255;
  return packed;
}

function padding(size: number): number {
  return (BLOCK - (size % BLOCK)) % BLOCK;
}

function header(path: string, size: number): Uint8Array {
  const { name, prefix } = split(path);
  const block = Buffer.alloc(BLOCK);
  block.write(name, 0, 100);
  block.write('0000644\0', 100);
  block.write('0000000\0', 108);
  block.write('0000000\0', 116);
  block.write(`${size.toString(8).padStart(11, '0')}\0`, 124);
  block.write(`${'0'.repeat(11)}\0`, 136);
  // The checksum counts itself as spaces.
  block.write(' '.repeat(8), 148);
  block.write('0', 156);
  block.write('ustar\u000000', 257, 'latin1');
  block.write(prefix, 345, 155);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return block;
}

/** A long path is cut at a slash into a prefix of at most 155 bytes and a name of at most 100. */
function split(path: string): { name: string; prefix: string } {
  const bytes = (text: string) => Buffer.byteLength(text);
  if (bytes(path) <= 100) return { name: path, prefix: '' };
  for (let slash = path.indexOf('/'); slash !== -1; slash = path.indexOf('/', slash + 1)) {
    const name = path.slice(slash + 1);
    if (bytes(name) <= 100 && slash > 0 && bytes(path.slice(0, slash)) <= 155)
      return { name, prefix: path.slice(0, slash) };
  }
  throw new Error(`path too long for a tar archive: ${path}`);
}
