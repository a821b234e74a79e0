import { describe, expect, it } from 'vitest';
import { isAllowedByRobots } from '../../../../runtime/services/fetchs/page/robots-rules.ts';

const allows = (rules: string, path: string) =>
  isAllowedByRobots({
    rules,
    rulesUrl: 'https://a.example/robots.txt',
    product: 'mcpgw-fetchs',
    url: `https://a.example${path}`,
  });

describe('a group of rules', () => {
  it('is found by our product token in any case, with whatever version', () => {
    for (const name of ['mcpgw-fetchs', 'MCPGW-Fetchs', 'mcpgw-fetchs/9'])
      expect(allows(`User-agent: ${name}\nDisallow: /\n\nUser-agent: *\nDisallow:`, '/x')).toBe(false);
    expect(allows('User-agent: mcpgw\nDisallow: /', '/x')).toBe(true);
  });

  it('is joined with others for us', () => {
    const rules =
      'User-agent: mcpgw-fetchs\nDisallow: /a\n\nUser-agent: x\nDisallow: /c\n\nUser-agent: mcpgw-fetchs\nDisallow: /b';
    expect(['/a', '/b', '/c'].map((path) => allows(rules, path))).toEqual([false, false, true]);
  });

  it('is that of * where none is for us, and none at all where there is none', () => {
    expect(allows('User-agent: x\nAllow: /\n\nUser-agent: *\nDisallow: /', '/x')).toBe(false);
    expect(allows('User-agent: x\nUser-agent: *\nDisallow: /', '/x')).toBe(false);
    expect(allows('User-agent: x\nDisallow: /', '/x')).toBe(true);
  });
});

describe('a rule', () => {
  const group = (...lines: string[]) => ['User-agent: *', ...lines].join('\n');

  it('is the longest that matches; of two as long, the one that allows', () => {
    const rules = group('Allow: /example/page/', 'Disallow: /example/page/disallowed.gif');
    expect(allows(rules, '/example/page/disallowed.gif')).toBe(false);
    expect(allows(rules, '/example/page/other')).toBe(true);
    expect(allows(group('Disallow: /page', 'Allow: /page'), '/page')).toBe(true);
  });

  it('may have the characters * $ and #', () => {
    const rules = group(
      'Disallow: /path/file-with-a-%2A.html',
      'Disallow: /*.gif$ # images',
      'Disallow: /a*b',
    );
    expect(allows(rules, '/x.gif')).toBe(false);
    expect(allows(rules, '/x.gif?y')).toBe(true);
    expect(allows(rules, '/a/x/b/c')).toBe(false);
    expect(allows(rules, '/path/file-with-a-%2A.html')).toBe(false);
  });

  it('matches however the path is encoded', () => {
    const rules = group('Disallow: /private', 'Disallow: /%66oo', 'Disallow: /ツ', 'Disallow: /a%3Cd');
    for (const path of [
      '/private',
      '/%70rivate',
      '/%70%72%69vate',
      '/foo',
      '/%E3%83%84',
      '/%e3%83%84',
      '/a%3cd',
    ])
      expect([path, allows(rules, path)]).toEqual([path, false]);
    expect(allows(rules, '/a%2Fd')).toBe(true);
  });

  it('counts though other lines are no rules', () => {
    expect(
      allows('\ufeff<p>\u0000\nnonsense\n\nUser-agent *\nUser-agent: *\nFoo: bar\nDisallow: /x\r\n:', '/x'),
    ).toBe(false);
  });
});
