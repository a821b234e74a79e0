import { describe, expect, it } from 'vitest';
import { createResources } from '../../runtime/auth/resource.ts';

const services = ['echo', 'fetch'];
const subdomain = createResources({ mode: 'subdomain', scheme: 'https', domain: 'example.com', services });
const path = createResources({ mode: 'path', scheme: 'http', domain: 'localhost', port: 8080, services });

describe('resources (RFC 8707)', () => {
  it.each([
    'https://fetch.example.com/mcp',
    'https://fetch.example.com/mcp/',
    'https://fetch.example.com',
    'https://fetch.example.com/',
    'https://fetch.example.com:443/mcp',
    'HTTPS://Fetch.Example.com/mcp',
  ])('maps %s to the one exact URL', (value) =>
    expect(subdomain.resolve(value)).toBe('https://fetch.example.com/mcp'),
  );

  it.each([
    'https://example.com/mcp',
    'https://other.example.com/mcp',
    'https://auth.example.com',
    'http://fetch.example.com/mcp',
    'https://fetch.example.com:8443/mcp',
    'https://fetch.example.com/mcp#x',
    'https://fetch.example.com/mcp?x=1',
    'https://user@fetch.example.com/mcp',
    'https://fetch.example.com/mcp/other',
    'https://fetch.example.com\\mcp',
    'https://fetch.example.com.evil.example/mcp',
    'mcp:fetch',
    'fetch',
    '',
  ])('refuses %j', (value) => expect(() => subdomain.resolve(value)).toThrow('resource'));

  it('knows no service by its origin in path mode, where all share it', () => {
    expect(path.resolve('http://localhost:8080/echo/mcp/')).toBe('http://localhost:8080/echo/mcp');
    expect(() => path.resolve('http://localhost:8080')).toThrow('resource');
    expect(path.service('http://localhost:8080/fetch/mcp')).toBe('fetch');
  });
});
