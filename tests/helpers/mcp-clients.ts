/**
 * The SDK's 1.x and 2.x clients behind one face, each doing discovery from the 401, registration, PKCE and the code
 * exchange by itself; the person's part (consent and sign-in) is `signIn`.
 */
import * as modern from '@modelcontextprotocol/client';
import { Client as LegacyClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as LegacyTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import {
  CreateMessageRequestSchema,
  ElicitRequestSchema,
  ListRootsRequestSchema,
} from '@modelcontextprotocol/sdk/types.js';
import { type PersonOptions, signIn } from './person.ts';

export interface McpClient {
  callTool(name: string, args: Record<string, unknown>): Promise<string>;
  listTools(): Promise<string[]>;
  close(): Promise<void>;
}

const REDIRECT_URI = 'http://127.0.0.1:3999/callback';

/** Keeps what a client keeps: registration, tokens, verifier. One for each client and person. */
export class Credentials {
  readonly redirectUrl = REDIRECT_URI;
  client: Record<string, unknown> | undefined;
  held: Record<string, unknown> | undefined;
  authorizationUrl: URL | undefined;
  #verifier = '';
  #discovery: object | undefined;
  readonly #name: string;
  constructor(name: string) {
    this.#name = name;
  }
  get clientMetadata() {
    return {
      client_name: this.#name,
      redirect_uris: [REDIRECT_URI],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
    };
  }
  clientInformation = () => this.client as never;
  saveClientInformation = (client: object) => {
    this.client = { ...client };
  };
  tokens = () => this.held as never;
  saveTokens = (tokens: object) => {
    this.held = { ...tokens };
  };
  redirectToAuthorization = (url: URL) => {
    this.authorizationUrl = url;
  };
  saveCodeVerifier = (verifier: string) => {
    this.#verifier = verifier;
  };
  codeVerifier = () => this.#verifier;
  discoveryState = () => this.#discovery as never;
  saveDiscoveryState = (state: object) => {
    this.#discovery = state;
  };
}

interface Transport {
  finishAuth(code: string, iss?: string): Promise<void>;
}

/** Connects; where that needs a sign-in, signs in and connects again. */
async function connected<T extends Transport>(
  make: () => T,
  connect: (transport: T) => Promise<void>,
  credentials: Credentials,
  person: PersonOptions,
): Promise<void> {
  const transport = make();
  try {
    await connect(transport);
  } catch (error) {
    if (credentials.authorizationUrl === undefined) throw error;
    const back = await signIn(credentials.authorizationUrl.href, REDIRECT_URI, person);
    const code = back.searchParams.get('code');
    if (code === null) throw new Error(`sign-in ended at ${back.href}`, { cause: error });
    credentials.authorizationUrl = undefined;
    await transport.finishAuth(code, back.searchParams.get('iss') ?? undefined);
    await connect(make());
  }
}

/** What a client says to what a server asks it. */
export interface Answers {
  /** The content of an accepted elicitation. */
  elicit: (message: string) => Record<string, string | number | boolean | string[]>;
  /** What the model says. */
  sample: () => string;
}

export interface ConnectOptions extends PersonOptions {
  /** `file:` URIs that the 1.x client offers as roots. */
  roots?: string[];
  /** Without them the client can neither elicit nor sample. */
  answers?: Answers;
  credentials?: Credentials;
}

/** An accepted elicitation, and a message of the model, in the form of both SDKs. */
const accepted = ({ elicit }: Answers, message: string) => ({
  action: 'accept' as const,
  content: elicit(message),
});
const sampled = ({ sample }: Answers) => ({
  role: 'assistant' as const,
  model: 'test-model',
  content: { type: 'text' as const, text: sample() },
});

const capabilitiesOf = ({ answers }: ConnectOptions) =>
  answers === undefined ? {} : { elicitation: {}, sampling: {} };

function legacyClient(options: ConnectOptions = {}): LegacyClient {
  const { roots, answers } = options;
  const capabilities = { ...capabilitiesOf(options), ...(roots && { roots: { listChanged: true } }) };
  const client = new LegacyClient({ name: 'mcpgw-test', version: '1.0.0' }, { capabilities });
  if (roots !== undefined) {
    client.setRequestHandler(ListRootsRequestSchema, () => ({ roots: roots.map((uri) => ({ uri })) }));
  }
  if (answers !== undefined) {
    client.setRequestHandler(ElicitRequestSchema, ({ params }) => accepted(answers, params.message));
    client.setRequestHandler(CreateMessageRequestSchema, () => sampled(answers));
  }
  return client;
}

/** `@modelcontextprotocol/sdk` 1.x: what most people still run. */
export async function connectLegacy(url: string, options: ConnectOptions = {}): Promise<McpClient> {
  const credentials = options.credentials ?? new Credentials('SDK 1.x client');
  let client = legacyClient();
  await connected(
    () => new LegacyTransport(new URL(url), { authProvider: credentials, ...fetchOf(options) }),
    (transport) => {
      client = legacyClient(options);
      return client.connect(transport);
    },
    credentials,
    options,
  );
  return face(client as never);
}

type Negotiation = 'auto' | { pin: string };

function modernClient(mode: Negotiation, options: ConnectOptions): modern.Client {
  const client = new modern.Client(
    { name: 'mcpgw-test', version: '2.0.0' },
    { versionNegotiation: { mode }, capabilities: capabilitiesOf(options) },
  );
  const { answers } = options;
  if (answers !== undefined) {
    client.setRequestHandler('elicitation/create', ({ params }) => accepted(answers, params.message));
    client.setRequestHandler('sampling/createMessage', () => sampled(answers));
  }
  return client;
}

async function connectClient2(url: string, mode: Negotiation, options: ConnectOptions): Promise<McpClient> {
  const credentials = options.credentials ?? new Credentials('SDK 2.x client');
  let client = modernClient(mode, options);
  await connected(
    () =>
      new modern.StreamableHTTPClientTransport(new URL(url), {
        authProvider: credentials,
        ...fetchOf(options),
      }),
    (transport) => {
      client = modernClient(mode, options);
      return client.connect(transport);
    },
    credentials,
    options,
  );
  return face(client as never);
}

/** `@modelcontextprotocol/client` 2.x, which tries protocol 2026-07-28 first and falls back. */
export function connectModern(url: string, options: ConnectOptions = {}): Promise<McpClient> {
  return connectClient2(url, 'auto', options);
}

/** The same, which speaks 2026-07-28 or not at all. */
export function connectPinned(url: string, options: ConnectOptions = {}): Promise<McpClient> {
  return connectClient2(url, { pin: '2026-07-28' }, options);
}

function fetchOf(options: ConnectOptions) {
  return options.fetch === undefined ? {} : { fetch: options.fetch as never };
}

interface AnyClient {
  callTool(params: object): Promise<{ content: { type: string; text?: string }[]; isError?: boolean }>;
  listTools(): Promise<{ tools: { name: string }[] }>;
  close(): Promise<void>;
}

function face(client: AnyClient): McpClient {
  return {
    callTool: async (name, args) => {
      const result = await client.callTool({ name, arguments: args });
      const text = result.content.map((part) => part.text ?? `[${part.type}]`).join('\n');
      if (result.isError) throw new Error(`tool ${name} failed: ${text}`);
      return text;
    },
    listTools: async () => (await client.listTools()).tools.map((tool) => tool.name),
    close: () => client.close(),
  };
}
