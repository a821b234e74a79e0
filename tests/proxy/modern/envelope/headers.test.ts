import { describe, expect, it } from 'vitest';
import {
  missingHeader,
  nameDisagreement,
  decodeValue,
} from '../../../../runtime/proxy/modern/envelope/headers.ts';

const HEADERS = { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'any' };

describe('Mcp-Name', () => {
  it.each([
    ['tools/call', 'name'],
    ['prompts/get', 'name'],
    ['resources/read', 'uri'],
    ['tasks/get', 'taskId'],
    ['tasks/update', 'taskId'],
    ['tasks/cancel', 'taskId'],
  ])('of %s must be there and be its %s', (method, source) => {
    const call = { method, params: { name: 'other', uri: 'other', taskId: 'other', [source]: 'this' } };
    const refused = { status: 400, code: -32020 };
    expect(missingHeader(HEADERS, call)).toMatchObject(refused);
    for (const name of ['other', 'THIS', 'this ', '', '=?base64?b3RoZXI=?='])
      expect(missingHeader({ ...HEADERS, 'mcp-name': name }, call), name).toMatchObject(refused);
    for (const name of ['this', '=?base64?dGhpcw==?='])
      expect(missingHeader({ ...HEADERS, 'mcp-name': name }, call), name).toBeUndefined();
  });

  it('is none where nothing is named', () => {
    expect(missingHeader(HEADERS, { method: 'tools/list', params: { name: 'x' } })).toBeUndefined();
    expect(nameDisagreement({ 'mcp-name': 'y' }, { method: 'tools/list', params: {} })).toBeUndefined();
    expect(missingHeader(HEADERS, { method: 'tools/call', params: { name: 1 } })).toBeUndefined();
  });
});

describe('a wrapped value', () => {
  it('is Base64 of UTF-8, and a plain one is what it is', () => {
    expect(decodeValue('=?base64?w7w=?=')).toBe('ü');
    expect(decodeValue('=?base64??=')).toBe('');
    expect(decodeValue('=?BASE64?w7w=?=')).toBe('=?BASE64?w7w=?=');
    for (const bad of ['=?base64?w7w?=', '=?base64?_-8=?=', '=?base64?/w==?=', '=?base64?w7w= ?='])
      expect(decodeValue(bad), bad).toBeUndefined();
  });
});
