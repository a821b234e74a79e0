import { describe, expect, it } from 'vitest';
import { listsTools, refusedTool, toolExists, withoutDenied } from '../../runtime/policy/tool-rules.ts';

describe('toolExists', () => {
  it.each([
    ['without rules', undefined, 'x', true],
    ['what is denied', { deny: ['x'] }, 'x', false],
    ['what is not denied', { deny: ['x'] }, 'y', true],
    ['what is denied by a pattern', { deny: ['write_*'] }, 'write_file', false],
    ['what is allowed', { allow: ['read_*'] }, 'read_file', true],
    ['what is not allowed', { allow: ['read_*'] }, 'write_file', false],
    ['nothing allowed', { allow: [] }, 'x', false],
    ['deny wins', { allow: ['x'], deny: ['x'] }, 'x', false],
    ['reserved and allowed', { allow: ['write_own'], reserved: ['write_*'] }, 'write_own', true],
    ['reserved and not allowed', { allow: ['write_own'], reserved: ['write_*'] }, 'write_any', false],
    ['not reserved', { allow: ['write_own'], reserved: ['write_*'] }, 'read_file', true],
    ['an allowed name in another case', { allow: ['read'] }, 'READ', false],
    ['a reserved name in another case', { allow: ['x'], reserved: ['write'] }, 'Write', false],
  ])('%s', (_, rules, name, expected) => {
    expect(toolExists(name, rules)).toBe(expected);
  });
});

describe('refusedTool', () => {
  const rules = { deny: ['x'] };
  it.each([
    ['the plain call', 'tools/call', { name: 'x' }, 'x'],
    ['a method in another case', 'Tools/Call', { name: 'x' }, 'x'],
    ['a method with spaces', ' tools/call ', { name: 'x' }, 'x'],
    ['a name in another case', 'tools/call', { name: 'X' }, 'X'],
    ['a second name for servers that ignore case', 'tools/call', { name: 'y', Name: 'x' }, 'x'],
    ['a name only for servers that ignore case', 'tools/call', { NAME: 'x' }, 'x'],
    ['a name that becomes a text', 'tools/call', { name: ['x'] }, ''],
    ['no name', 'tools/call', {}, ''],
    ['no parameters', 'tools/call', undefined, ''],
  ])('refuses %s', (_, method, params, name) => {
    expect(refusedTool(method, params, rules)).toBe(name);
  });

  it.each([
    ['another tool', 'tools/call', { name: 'y', arguments: { Name: 'x' } }],
    ['another method', 'prompts/get', { name: 'x' }],
  ])('lets pass %s', (_, method, params) => {
    expect(refusedTool(method, params, rules)).toBeUndefined();
  });

  it('looks at nothing without rules', () => {
    expect(refusedTool('tools/call', { Name: 'x' }, undefined)).toBeUndefined();
  });
});

describe('withoutDenied', () => {
  const rules = { deny: ['x'] };
  it('takes out what is denied and what has no name, and keeps the rest as it is', () => {
    const result = { tools: [{ name: 'x' }, { name: 'y', title: 'Y' }, {}, null, 'x'], nextCursor: '2' };
    expect(withoutDenied(result, rules)).toEqual({ tools: [{ name: 'y', title: 'Y' }], nextCursor: '2' });
  });

  it.each([undefined, null, 1, 'x', [], {}, { tools: {} }])('leaves %j alone', (result) => {
    expect(withoutDenied(result, rules)).toBe(result);
  });

  it('is for tools/list, however it is written', () => {
    expect(['tools/list', 'Tools/List', 'prompts/list'].map(listsTools)).toEqual([true, true, false]);
  });
});
