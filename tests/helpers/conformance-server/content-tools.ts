/** Tools that only answer, with content of every kind, with an error, or with something to say on the way. */
import { setTimeout as delay } from 'node:timers/promises';
import { PNG, WAV } from './media.ts';
import { text, type Tool } from './tool.ts';

const STEP_MS = 50;

export const contentTools: Record<string, Tool> = {
  test_simple_text: {
    description: 'Answers with text',
    run: () => text('This is a simple text response for testing.'),
  },
  test_image_content: {
    description: 'Answers with an image',
    run: () => ({ content: [{ type: 'image', data: PNG, mimeType: 'image/png' }] }),
  },
  test_audio_content: {
    description: 'Answers with audio',
    run: () => ({ content: [{ type: 'audio', data: WAV, mimeType: 'audio/wav' }] }),
  },
  test_embedded_resource: {
    description: 'Answers with a resource',
    run: () => ({
      content: [
        {
          type: 'resource',
          resource: {
            uri: 'test://embedded-resource',
            mimeType: 'text/plain',
            text: 'This is an embedded resource content.',
          },
        },
      ],
    }),
  },
  test_multiple_content_types: {
    description: 'Answers with content of several kinds',
    run: () => ({
      content: [
        { type: 'text', text: 'Multiple content types test:' },
        { type: 'image', data: PNG, mimeType: 'image/png' },
        {
          type: 'resource',
          resource: {
            uri: 'test://mixed-content-resource',
            mimeType: 'application/json',
            text: JSON.stringify({ test: 'data', value: 123 }),
          },
        },
      ],
    }),
  },
  test_error_handling: {
    description: 'Fails',
    run: () => ({ ...text('This tool intentionally returns an error for testing'), isError: true }),
  },
  test_tool_with_logging: {
    description: 'Logs three times on its way',
    run: async ({ client }) => {
      const steps = ['Tool execution started', 'Tool processing data', 'Tool execution completed'];
      for (const [index, data] of steps.entries()) {
        if (index > 0) await delay(STEP_MS);
        await client.log(data);
      }
      return text('Logged three times');
    },
  },
  test_logging_tool: {
    description: 'Logs once, and waits a moment before it answers',
    run: async ({ client }) => {
      await client.log('A line of the log');
      await delay(STEP_MS);
      return text('Logged once');
    },
  },
  test_tool_with_progress: {
    description: 'Reports its progress',
    run: async ({ client }) => {
      for (const progress of [0, 50, 100]) {
        if (progress > 0) await delay(STEP_MS);
        await client.progress(progress, 100);
      }
      return text('Done');
    },
  },
  test_trigger_tool_change: {
    description: 'Says that the list of tools has changed',
    run: async ({ client }) => {
      await client.changed('tools');
      return text('Told');
    },
  },
  test_trigger_prompt_change: {
    description: 'Says that the list of prompts has changed',
    run: async ({ client }) => {
      await client.changed('prompts');
      return text('Told');
    },
  },
};
