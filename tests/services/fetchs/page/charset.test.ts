import { describe, expect, it } from 'vitest';
import { decodeText } from '../../../../runtime/services/fetchs/page/charset.ts';

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');
const latin1 = (text: string) => Buffer.from(text, 'latin1');

describe('the characters of a body', () => {
  it.each<[string, Buffer, string | undefined, string]>([
    ['UTF-8 by default', Buffer.from('ä'), undefined, 'ä'],
    ['what is no UTF-8 is windows-1252', latin1('\xe4 \x80'), undefined, 'ä €'],
    ['the header', latin1('\xe4'), 'text/html; charset=ISO-8859-1', 'ä'],
    ['a quoted label', hex('82a0'), 'text/html; charset="Shift_JIS"', 'あ'],
    ['an unknown label counts for nothing', Buffer.from('ä'), 'text/html; charset=klingon', 'ä'],
    ['a byte order mark before the header', hex('efbbbf c3a4'), 'text/html; charset=iso-8859-1', 'ä'],
    ['UTF-16 by its mark', hex('fffe e400'), undefined, 'ä'],
    ['UTF-16, the other way', hex('feff 00e4'), undefined, 'ä'],
    ['meta charset', latin1('<meta charset=windows-1251>\xff'), undefined, '<meta charset=windows-1251>я'],
    [
      'meta http-equiv',
      latin1('<meta http-equiv="Content-Type" content="text/html; charset=koi8-r">\xd1'),
      'text/html',
      '<meta http-equiv="Content-Type" content="text/html; charset=koi8-r">я',
    ],
    [
      'an XML declaration',
      latin1('<?xml version="1.0" encoding="iso-8859-2"?>\xb1'),
      undefined,
      '<?xml version="1.0" encoding="iso-8859-2"?>ą',
    ],
    [
      'UTF-16 that cannot be true',
      Buffer.from('<meta charset="utf-16">ä'),
      undefined,
      '<meta charset="utf-16">ä',
    ],
    [
      'the header before the document',
      Buffer.from('<meta charset=koi8-r>ä'),
      'text/html; charset=utf-8',
      '<meta charset=koi8-r>ä',
    ],
    ['nothing', Buffer.alloc(0), undefined, ''],
  ])('%s', (_, bytes, contentType, text) => expect(decodeText(bytes, contentType)).toBe(text));
});
