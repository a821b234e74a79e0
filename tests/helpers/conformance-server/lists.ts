/** What the conformance server has, as both SDKs list it. */
import { askingTools } from './asking-tools.ts';
import { contentTools } from './content-tools.ts';
import { prompts, type Prompt } from './prompts.ts';
import { schemaTools } from './schema-tool.ts';
import type { Tool } from './tool.ts';

export const INFO = { name: 'conformance-fixture', version: '1.0.0' };

export const CAPABILITIES = {
  tools: { listChanged: true },
  prompts: { listChanged: true },
  resources: { subscribe: true, listChanged: true },
  logging: {},
  completions: {},
};

export const TOOLS_BY_NAME: Record<string, Tool> = { ...contentTools, ...askingTools, ...schemaTools };
export const PROMPTS_BY_NAME: Record<string, Prompt> = prompts;

export function listTools() {
  const tools = Object.entries(TOOLS_BY_NAME).map(
    ([name, { description, properties = {}, inputSchema }]) => ({
      name,
      description,
      inputSchema: {
        type: 'object' as const,
        ...(inputSchema ?? { properties, required: Object.keys(properties) }),
      },
    }),
  );
  return { tools };
}

export function listPrompts() {
  const listed = Object.entries(prompts).map(([name, { description, arguments: names = [] }]) => ({
    name,
    description,
    arguments: names.map((argument) => ({ name: argument, required: true })),
  }));
  return { prompts: listed };
}

export function completion(value: string) {
  const values = ['paris', 'park', 'party'].filter((word) => word.startsWith(value));
  return { completion: { values, total: values.length, hasMore: false } };
}
