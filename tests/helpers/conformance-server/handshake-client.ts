/** The client of the handshake era (SDK 1.x): what it is asked is a request of the server's, whatever it can do. */
import type { Server } from '@modelcontextprotocol/sdk/server/index.js';
import type { RequestHandlerExtra } from '@modelcontextprotocol/sdk/shared/protocol.js';
import {
  CreateMessageResultSchema,
  ElicitResultSchema,
  ListRootsResultSchema,
  type ServerNotification,
  type ServerRequest,
} from '@modelcontextprotocol/sdk/types.js';
import { named } from './named-requests.ts';
import { samplingParams, type Client } from './tool.ts';

export function handshakeClient(
  server: Server,
  extra: RequestHandlerExtra<ServerRequest, ServerNotification>,
): Client {
  const request = (method: string, name: string, params: object): ServerRequest =>
    ({ method, params: { ...params, _meta: named(name) } }) as ServerRequest;
  const progressToken = extra._meta?.progressToken;
  return {
    capabilities: server.getClientCapabilities() ?? {},
    elicit: (name, message, requestedSchema) =>
      extra.sendRequest(
        request('elicitation/create', name, { message, requestedSchema }),
        ElicitResultSchema,
      ),
    sample: (name, prompt, maxTokens) =>
      extra.sendRequest(
        request('sampling/createMessage', name, samplingParams(prompt, maxTokens)),
        CreateMessageResultSchema,
      ),
    listRoots: (name) => extra.sendRequest(request('roots/list', name, {}), ListRootsResultSchema),
    log: (data) =>
      extra.sendNotification({ method: 'notifications/message', params: { level: 'info', data } }),
    progress: async (progress, total) => {
      if (progressToken === undefined) return;
      const params = { progressToken, progress, total };
      await extra.sendNotification({ method: 'notifications/progress', params });
    },
    changed: (list) => (list === 'tools' ? server.sendToolListChanged() : server.sendPromptListChanged()),
  };
}
