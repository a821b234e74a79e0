import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { covers, fitScopes, parseScope, supportedScopes } from '../../runtime/auth/scopes.ts';

const SERVICES = ['echo', 'fetch'];

describe('scopes', () => {
  it('are split on any run of spaces; unknown and repeated ones are dropped', () => {
    expect(parseScope('  mcp:echo   openid mcp:echo mcp:nothing offline_access ', SERVICES)).toEqual([
      'mcp:echo',
      'offline_access',
    ]);
    expect(parseScope(undefined, SERVICES)).toEqual([]);
    expect(parseScope('', SERVICES)).toEqual([]);
    expect(parseScope('MCP:ECHO', SERVICES)).toEqual([]);
  });

  it('parse to supported ones only, whatever comes (property)', () => {
    const word = fc.oneof(fc.string(), fc.constantFrom(...supportedScopes(SERVICES)));
    fc.assert(
      fc.property(fc.array(word), fc.stringMatching(/^ {1,3}$/), (words, gap) => {
        const scopes = parseScope(words.join(gap), SERVICES);
        expect(supportedScopes(SERVICES)).toEqual(expect.arrayContaining(scopes));
        expect(new Set(scopes).size).toBe(scopes.length);
      }),
    );
  });

  it('fit to the services that access is for', () => {
    expect(fitScopes(['mcp:echo', 'mcp:fetch', 'offline_access'], ['echo'])).toEqual([
      'mcp:echo',
      'offline_access',
    ]);
    expect(fitScopes([], ['echo', 'fetch'])).toEqual(['mcp:echo', 'mcp:fetch']);
    expect(fitScopes(['offline_access'], ['echo'])).toEqual(['mcp:echo', 'offline_access']);
    expect(fitScopes(['mcp:fetch'], ['echo'])).toEqual(['mcp:echo']);
    expect(fitScopes(['mcp:*'], ['echo'])).toEqual(['mcp:*']);
    // Less than what the resources offer stays less.
    expect(fitScopes(['mcp:fetch'], ['echo', 'fetch'])).toEqual(['mcp:fetch']);
  });

  it('cover a service by name or all of them', () => {
    expect(covers(['mcp:echo'], 'echo')).toBe(true);
    expect(covers(['mcp:*'], 'echo')).toBe(true);
    expect(covers(['mcp:echo2', 'mcp:', 'echo', 'offline_access'], 'echo')).toBe(false);
  });
});
