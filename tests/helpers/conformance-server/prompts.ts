/** The prompts of the conformance server. */
import type { GetPromptResult } from '@modelcontextprotocol/sdk/types.js';
import { PNG } from './media.ts';
import { form, type Client } from './tool.ts';

export interface Prompt {
  description: string;
  /** The names of its arguments, all of them required. */
  arguments?: string[];
  get: (
    args: Record<string, string>,
    client: Client,
  ) => GetPromptResult['messages'] | Promise<GetPromptResult['messages']>;
}

const says = (text: string): GetPromptResult['messages'][number] => ({
  role: 'user',
  content: { type: 'text', text },
});

export const prompts: Record<string, Prompt> = {
  test_simple_prompt: {
    description: 'A prompt without arguments',
    get: () => [says('This is a simple prompt for testing.')],
  },
  test_prompt_with_arguments: {
    description: 'A prompt with arguments',
    arguments: ['arg1', 'arg2'],
    get: ({ arg1, arg2 }) => [says(`Prompt with arguments: arg1='${arg1}', arg2='${arg2}'`)],
  },
  test_prompt_with_embedded_resource: {
    description: 'A prompt with a resource in it',
    arguments: ['resourceUri'],
    get: ({ resourceUri = '' }) => [
      {
        role: 'user',
        content: {
          type: 'resource',
          resource: {
            uri: resourceUri,
            mimeType: 'text/plain',
            text: 'Embedded resource content for testing.',
          },
        },
      },
      says('Please process the embedded resource above.'),
    ],
  },
  test_prompt_with_image: {
    description: 'A prompt with an image in it',
    get: () => [
      { role: 'user', content: { type: 'image', data: PNG, mimeType: 'image/png' } },
      says('Please analyze the image above.'),
    ],
  },
  test_input_required_result_prompt: {
    description: 'A prompt that asks the person first',
    get: async (_, client) => {
      const context = form({ context: { type: 'string' } });
      const { content } = await client.elicit('user_context', 'What context should the prompt use?', context);
      return [says(`Context: ${String(content?.['context'])}`)];
    },
  },
};
