/**
 * The client of 2026-07-28 (SDK 2.x): what it is asked ends the round, and the tool begins anew in the next one, with the
 * answers of all rounds so far (MCP 2026-07-28, Multi Round-Trip Requests).
 */
import {
  CLIENT_CAPABILITIES_META_KEY,
  MissingRequiredClientCapabilityError,
  type RequestStateCodec,
  type Server,
  type ServerContext,
} from '@modelcontextprotocol/server';
import { samplingParams, type Client, type Elicited } from './tool.ts';

type Answers = Record<string, unknown>;
export type States = RequestStateCodec<Answers>;

/** Thrown where a tool needs an answer that is not there yet. */
class Unanswered extends Error {}

/**
 * @param run what may ask the client
 * @returns its result, or the questions that are open
 */
export async function inRounds<T>(
  server: Server,
  context: ServerContext,
  states: States,
  run: (client: Client) => T | Promise<T>,
): Promise<T> {
  const { mcpReq } = context;
  const before = mcpReq.requestState<Answers>() ?? {};
  const answers: Answers = { ...before, ...mcpReq.inputResponses };
  const inputRequests: Record<string, object> = {};
  const envelope: Record<string, unknown> = { ...mcpReq.envelope };
  const capabilities = { ...(envelope[CLIENT_CAPABILITIES_META_KEY] as Record<string, unknown>) };
  const ask = async (capability: string, name: string, method: string, params: object): Promise<unknown> => {
    if (!(capability in capabilities))
      throw new MissingRequiredClientCapabilityError({ requiredCapabilities: { [capability]: {} } });
    if (name in answers) return answers[name];
    inputRequests[name] = { method, params };
    throw new Unanswered(name);
  };
  try {
    return await run(clientOf(server, context, capabilities, ask));
  } catch (error) {
    if (!(error instanceof Unanswered)) throw error;
    const requestState = await states.mint(answers, context);
    return { resultType: 'input_required', inputRequests, requestState } as T;
  }
}

function clientOf(
  server: Server,
  { mcpReq }: ServerContext,
  capabilities: Record<string, unknown>,
  ask: (capability: string, name: string, method: string, params: object) => Promise<unknown>,
): Client {
  const progressToken = mcpReq._meta?.progressToken;
  return {
    capabilities,
    elicit: (name, message, requestedSchema) =>
      ask('elicitation', name, 'elicitation/create', { message, requestedSchema }) as Promise<Elicited>,
    sample: (name, prompt, maxTokens) =>
      ask('sampling', name, 'sampling/createMessage', samplingParams(prompt, maxTokens)) as Promise<{
        content: unknown;
      }>,
    listRoots: (name) =>
      ask('roots', name, 'roots/list', {}) as Promise<{
        roots: { uri: string }[];
      }>,
    log: (data) => mcpReq.log('info', data),
    progress: async (progress, total) => {
      if (progressToken === undefined) return;
      const params = { progressToken, progress, total };
      await mcpReq.notify({ method: 'notifications/progress', params });
    },
    changed: (list) => (list === 'tools' ? server.sendToolListChanged() : server.sendPromptListChanged()),
  };
}
