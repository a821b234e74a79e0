/**
 * The least of an MCP client: a session of the Streamable HTTP transport that is opened, asked for its tools and ended.
 * https://modelcontextprotocol.io/specification/2025-11-25/basic/transports
 */
import { z } from 'zod';
import type { HttpAnswer, HttpClient, HttpRequest } from '../net/http-client.ts';
import { CheckFailure } from './check.ts';
import { oneLine } from '../net/one-line.ts';
import { createEventReader } from './event-reader.ts';

export interface McpSession {
  /** What the server chose. */
  protocolVersion: string;
  /** Whether it says that it has tools. */
  hasTools: boolean;
  /** Asks for all pages. @returns the names */
  listTools(): Promise<string[]>;
  /** Ends the session, where the server has one. Never rejects. */
  end(): Promise<void>;
}

export interface McpTarget {
  name: string;
  url: string;
  token: string;
  /** Where to read what it says. */
  logs: string;
}

/** A server may start when the first session opens, in milliseconds. */
const INITIALIZE_LIMIT_MS = 15_000;
const REQUEST_LIMIT_MS = 10_000;
/** No server has more pages of tools; one that never ends is broken. */
const MAX_PAGES = 50;

const ACCEPT = 'application/json, text/event-stream';

const initializedSchema = z.looseObject({
  protocolVersion: z.string(),
  capabilities: z.looseObject({ tools: z.unknown().optional() }),
});

const toolsSchema = z.looseObject({
  tools: z.array(z.looseObject({ name: z.string() })),
  nextCursor: z.string().optional(),
});

const answerSchema = z.looseObject({
  id: z.union([z.number(), z.string()]),
  result: z.unknown().optional(),
  error: z.looseObject({ code: z.number(), message: z.string() }).optional(),
});

/** @returns the first request of a client, without a token */
export function initializeRequest(protocolVersion: string): HttpRequest {
  const clientInfo = { name: 'mcpgw health', version: '1' };
  const params = { protocolVersion, capabilities: {}, clientInfo };
  return post({ jsonrpc: '2.0', id: 1, method: 'initialize', params }, {}, INITIALIZE_LIMIT_MS);
}

/** @throws CheckFailure, and what the connection throws */
export async function openSession(
  client: HttpClient,
  target: McpTarget,
  protocolVersion: string,
): Promise<McpSession> {
  const authorization = `Bearer ${target.token}`;
  const request = initializeRequest(protocolVersion);
  const answer = await client.request(target.url, {
    ...request,
    headers: { ...request.headers, authorization },
  });
  const result = initializedSchema.parse(await resultOf(answer, 1, target, 'initialize'));
  const id = answer.headers['mcp-session-id'];
  const headers = {
    authorization,
    'mcp-protocol-version': result.protocolVersion,
    ...(typeof id === 'string' && { 'mcp-session-id': id }),
  };
  const end = async (): Promise<void> => {
    if (id === undefined) return;
    await client
      .request(target.url, { method: 'DELETE', headers, timeoutMs: REQUEST_LIMIT_MS })
      .then((ended) => ended.text())
      .catch(() => undefined);
  };
  try {
    await notifyInitialized(client, target, headers);
  } catch (error) {
    await end();
    throw error;
  }
  return {
    protocolVersion: result.protocolVersion,
    hasTools: result.capabilities.tools !== undefined,
    listTools: () => listTools(client, target, headers),
    end,
  };
}

async function notifyInitialized(
  client: HttpClient,
  target: McpTarget,
  headers: Record<string, string>,
): Promise<void> {
  const message = { jsonrpc: '2.0', method: 'notifications/initialized' };
  const answer = await client.request(target.url, post(message, headers));
  await answer.text();
  if (answer.status !== 202 && answer.status !== 200 && answer.status !== 204)
    throw refused(answer, target, 'initialized');
}

async function listTools(
  client: HttpClient,
  target: McpTarget,
  headers: Record<string, string>,
): Promise<string[]> {
  const names: string[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const id = page + 2;
    const params = cursor === undefined ? {} : { cursor };
    const answer = await client.request(
      target.url,
      post({ jsonrpc: '2.0', id, method: 'tools/list', params }, headers),
    );
    const { tools, nextCursor } = toolsSchema.parse(await resultOf(answer, id, target, 'tools/list'));
    names.push(...tools.map(({ name }) => name));
    if (nextCursor === undefined) return names;
    cursor = nextCursor;
  }
  throw new CheckFailure('its list of tools does not end', `see ${target.logs}`);
}

function post(message: object, headers: Record<string, string>, timeoutMs = REQUEST_LIMIT_MS): HttpRequest {
  return {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: ACCEPT, ...headers },
    body: JSON.stringify(message),
    timeoutMs,
  };
}

/** @throws CheckFailure when the server refuses, or answers with an error or with nothing that belongs to the request */
async function resultOf(answer: HttpAnswer, id: number, target: McpTarget, method: string): Promise<unknown> {
  if (answer.status !== 200) {
    throw refused(answer, target, method, reasonOf(await answer.text()));
  }
  const streamed = (answer.headers['content-type'] ?? '').startsWith('text/event-stream');
  const message = streamed ? await fromStream(answer, id) : answerOf(await answer.text(), id);
  if (message === undefined) {
    throw new CheckFailure(`${method} was not answered`, `see ${target.logs}`);
  }
  if (message.error !== undefined) {
    const { code, message: text } = message.error;
    throw new CheckFailure(`${method} failed: ${oneLine(text)} (${code})`, `see ${target.logs}`);
  }
  return message.result;
}

type JsonRpcAnswer = z.output<typeof answerSchema>;

/** Reads until the answer is there; notifications and pings may come before it. */
async function fromStream({ body }: HttpAnswer, id: number): Promise<JsonRpcAnswer | undefined> {
  const read = createEventReader();
  for await (const chunk of body as AsyncIterable<Buffer>) {
    for (const data of read(chunk)) {
      const message = answerOf(data, id);
      // Leaving the loop ends the stream.
      if (message !== undefined) return message;
    }
  }
  return undefined;
}

function answerOf(text: string, id: number): JsonRpcAnswer | undefined {
  try {
    const parsed = answerSchema.safeParse(JSON.parse(text));
    return parsed.success && parsed.data.id === id ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}

function refused({ status }: HttpAnswer, { logs }: McpTarget, method: string, reason?: string): CheckFailure {
  const why = reason === undefined ? '' : `: ${oneLine(reason)}`;
  const remedy = reason === undefined ? remedyFor(status, logs) : remedyInside(status, logs);
  return new CheckFailure(`${method} answered with ${status}${why}`, remedy);
}

const refusalSchema = z.looseObject({ error: z.looseObject({ message: z.string() }) });

/** @returns what the server says about its refusal, as with a server that cannot start */
function reasonOf(text: string): string | undefined {
  try {
    return refusalSchema.safeParse(JSON.parse(text)).data?.error.message;
  } catch {
    return undefined;
  }
}

/** Of a service that runs: the server behind it does not, or cannot be reached. */
function remedyInside(status: number, logs: string): string {
  return status >= 502 && status <= 504 ? `${logs} says more` : remedyFor(status, logs);
}

function remedyFor(status: number, logs: string): string {
  switch (status) {
    case 401:
    case 403:
      return 'the authorization server refused its own token: see its log';
    case 502:
    case 503:
    case 504:
      return `the service does not run (yet): see ${logs}`;
    case 429:
      return 'MCP_MAX_SESSIONS_PER_USER sessions of health checks are open: wait until they end';
    default:
      return `see ${logs}`;
  }
}
