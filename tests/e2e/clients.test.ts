/**
 * What real clients do beside calling a tool, through a running `mcpgw dev`: they answer what a server asks them, in both
 * eras, and they ask their person for more access where a token falls short.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { devAsTest } from '../helpers/dev-flow.ts';
import {
  connectLegacy,
  connectModern,
  connectPinned,
  Credentials,
  type Answers,
} from '../helpers/mcp-clients.ts';
import { type DevProcess, startDev } from '../helpers/mcpgw-process.ts';
import {
  authorizeParameters,
  authorizeUrl,
  codeForm,
  decodeJwt,
  makePkce,
  newPerson,
  postToken,
  registerClient,
} from '../helpers/oauth-flow.ts';

let folder: string;
let dev: DevProcess;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'mcpgw-clients-'));
  dev = await startDev(['--services', 'everything,echo-stateful,echo-stateless'], { cwd: folder });
});
afterAll(async () => {
  await dev?.stop();
  rmSync(folder, { recursive: true, force: true });
});
const urlOf = (service: string): string => dev.urls[service] ?? '';

describe.each([
  ['SDK 1.x client', connectLegacy],
  ['SDK 2.x client, pinned to 2026-07-28,', connectPinned],
])('an %s that can be asked', (_, connect) => {
  it('answers what the server of everything asks its person and its model', async () => {
    const asked: string[] = [];
    const answers: Answers = {
      elicit: (message) => {
        asked.push(message);
        return { name: 'Ada Lovelace', integer: 7 };
      },
      sample: () => 'an answer of the model',
    };
    const client = await connect(urlOf('everything'), { answers });
    try {
      expect(await client.listTools()).toEqual(
        expect.arrayContaining(['trigger-elicitation-request', 'trigger-sampling-request']),
      );
      expect(await client.callTool('trigger-elicitation-request', {})).toContain('Name: Ada Lovelace');
      expect(asked).toEqual(['Please provide inputs for the following fields:']);
      const prompt = { prompt: 'hello', maxTokens: 10 };
      expect(await client.callTool('trigger-sampling-request', prompt)).toContain('an answer of the model');
    } finally {
      await client.close();
    }
  });
});

/** Tokens that name both echo services, with a scope that covers one: as a client has that asked for too little. */
async function narrowTokens(credentials: Credentials): Promise<Record<string, unknown>> {
  const test = devAsTest(dev);
  const client = await registerClient(test.origin, { redirect_uris: [credentials.redirectUrl] });
  credentials.client = client;
  const pkce = makePkce();
  const person = newPerson([credentials.redirectUrl]);
  const query = authorizeUrl(test.origin, {
    ...authorizeParameters(test, client, pkce),
    resource: urlOf('echo-stateful'),
    scope: 'mcp:echo-stateful',
  });
  const page = await person.visit(`${query}&resource=${encodeURIComponent(urlOf('echo-stateless'))}`);
  let end = await person.press(page, { decision: 'allow:local' });
  if (!end.url.startsWith(credentials.redirectUrl)) end = await person.press(end, {});
  const answer = new URL(end.url).searchParams;
  const flow = { client, person, pkce, redirectUri: credentials.redirectUrl, answer, end };
  return { ...(await postToken(test, codeForm(flow))).body };
}

// SDK 1.x would refresh first, which widens nothing, and then give up: so it has no refresh token here.
describe.each([
  ['SDK 1.x client', connectLegacy, { refresh_token: undefined }],
  ['SDK 2.x client', connectModern, {}],
])('an %s with a token that falls short', (_, connect, without) => {
  it('asks its person for the scope that the challenge names, and gets in (403 insufficient_scope)', async () => {
    const credentials = new Credentials('stepping up');
    credentials.held = { ...(await narrowTokens(credentials)), ...without };
    expect(decodeJwt(String(credentials.held.access_token))).toMatchObject({
      aud: [urlOf('echo-stateful'), urlOf('echo-stateless')],
      scope: 'mcp:echo-stateful',
    });
    const asked: string[] = [];
    const client = await connect(urlOf('echo-stateless'), {
      credentials,
      onPage: ({ html }) => void asked.push(html),
    });
    try {
      expect(await client.callTool('echo', { message: 'more' })).toContain('more');
    } finally {
      await client.close();
    }
    expect(asked[0]).toContain('Echo without sessions');
    expect(String(decodeJwt(String(credentials.held.access_token)).scope)).toContain('mcp:echo-stateless');
  });
});
