/**
 * The parts of github.com that a sign-in uses, in a container of its own: `node stack-github.ts PORT`. Who is signed in
 * there is what the browser says in a header, `id:login`; it asks nobody. Beside it, a page for services that go out.
 */
import { createHash, randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { PAGE, PAGE_HTML } from './stack-page.ts';

interface Code {
  challenge: string;
  redirectUri: string;
  account: string;
}

const codes = new Map<string, Code>();
/** Account by access token. */
const accounts = new Map<string, string>();

createServer((request, response) => {
  answer(request, response).catch(() => response.destroy());
}).listen(Number(process.argv[2]));

createServer(({ url }, response) => {
  if (url === '/page') response.writeHead(200, { 'content-type': 'text/html' }).end(PAGE_HTML);
  else response.writeHead(404).end();
}).listen(PAGE.port);

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://github.test');
  switch (url.pathname) {
    case '/login/oauth/authorize':
      return authorize(url.searchParams, String(request.headers['x-test-account'] ?? '1:alice'), response);
    case '/login/oauth/access_token':
      return token(new URLSearchParams(await text(request)), response);
    case '/api/v3/user':
      return user(request.headers.authorization ?? '', response);
    default:
      response.writeHead(404).end();
  }
}

function authorize(query: URLSearchParams, account: string, response: ServerResponse): void {
  const redirectUri = query.get('redirect_uri') ?? '';
  const code = randomBytes(10).toString('hex');
  codes.set(code, { challenge: query.get('code_challenge') ?? '', redirectUri, account });
  const back = new URL(redirectUri);
  back.searchParams.set('state', query.get('state') ?? '');
  back.searchParams.set('code', code);
  response.writeHead(302, { location: back.href }).end();
}

function token(form: URLSearchParams, response: ServerResponse): void {
  const code = codes.get(form.get('code') ?? '');
  codes.delete(form.get('code') ?? '');
  const verifier = createHash('sha256')
    .update(form.get('code_verifier') ?? '')
    .digest('base64url');
  if (code?.challenge !== verifier || code.redirectUri !== form.get('redirect_uri')) {
    return json(response, { error: 'bad_verification_code', error_description: 'The code is incorrect.' });
  }
  const accessToken = `gho_${randomBytes(18).toString('hex')}`;
  accounts.set(accessToken, code.account);
  json(response, { access_token: accessToken, token_type: 'bearer', scope: '' });
}

function user(authorization: string, response: ServerResponse): void {
  const [id, login] = (accounts.get(authorization.replace('Bearer ', '')) ?? '').split(':');
  if (login === undefined) response.writeHead(401).end('{"message":"Bad credentials"}');
  else json(response, { id: Number(id), login, name: login, email: null });
}

function json(response: ServerResponse, body: object): void {
  response.writeHead(200, { 'content-type': 'application/json; charset=utf-8' }).end(JSON.stringify(body));
}
