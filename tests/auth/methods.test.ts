/** What is asked of the wrong address, by the wrong method, or in the wrong form. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestAuth, type TestAuth } from '../helpers/oauth-server.ts';

let test: TestAuth;
beforeAll(async () => {
  test = await startTestAuth();
});
afterAll(() => test.close());

describe('methods', () => {
  it.each([
    ['GET', '/token', 'POST'],
    ['PUT', '/token/', 'POST'],
    ['DELETE', '/authorize?client_id=x', 'GET'],
    ['PATCH', '/consent', 'POST'],
    ['POST', '/.well-known/jwks.json', 'GET'],
    ['POST', '/verify/echo', 'GET'],
  ] as const)('%s %s is 405, with Allow', async (method, url, allowed) => {
    const answer = await test.auth.app.inject({ method, url });
    expect(answer.statusCode).toBe(405);
    expect(String(answer.headers.allow).split(', ')).toContain(allowed);
    expect(String(answer.headers.allow)).not.toContain(method);
    expect(answer.json()).toMatchObject({ error: 'invalid_request' });
  });

  it('what is nowhere is 404', async () => {
    for (const url of ['/', '/tokens', '/verify/other', '/verify/', '/token/x', '//token'])
      expect((await test.auth.app.inject({ method: 'POST', url })).statusCode).toBe(404);
  });
});

describe('forms', () => {
  const post = (payload: string | Buffer, type = 'application/x-www-form-urlencoded') =>
    test.auth.app.inject({ method: 'POST', url: '/token', headers: { 'content-type': type }, payload });

  it.each([
    ['client_id=a&client_id=b', 'client_id must not be included more than once.'],
    ['client_id=a&state=1&state=2', 'state must not be included more than once.'],
    ['client_id[]=a', 'The name of a parameter has brackets or control characters.'],
    ['client_id[x][y]=a', 'The name of a parameter has brackets or control characters.'],
    ['client_id=a%00', 'client_id has control characters.'],
    ['client_id=a&x=%0a', 'A parameter has control characters.'],
    ['client_id=%ff', 'A parameter is not percent-encoded UTF-8.'],
    ['client_id=%', 'A parameter is not percent-encoded UTF-8.'],
    ['a=1&'.repeat(101), 'There are more than 100 parameters.'],
    [Buffer.from('client_id=\xff', 'latin1'), 'The form is not UTF-8.'],
  ])('%s is refused', async (payload, description) => {
    const answer = await post(payload);
    expect([answer.statusCode, answer.json()]).toEqual([
      400,
      { error: 'invalid_request', error_description: description },
    ]);
  });

  it('takes no other type, charset or size', async () => {
    expect((await post('{}', 'application/json')).statusCode).toBe(415);
    expect((await post('a=1', 'text/plain')).statusCode).toBe(415);
    expect((await post('a=1', 'application/x-www-form-urlencoded; charset=utf-16')).statusCode).toBe(415);
    expect((await post('client_id=x', 'application/x-www-form-urlencoded; charset="UTF-8"')).statusCode).toBe(
      401,
    );
    expect((await post(`a=${'x'.repeat(64 * 1024)}`)).statusCode).toBe(413);
  });

  it('a query that cannot be read ends on a page', async () => {
    const answer = await test.auth.app.inject('/authorize?client_id=%ff');
    expect([answer.statusCode, answer.headers['content-type']]).toEqual([400, 'text/html; charset=utf-8']);
  });
});
