/** Tools that ask the client something while they work. */
import { form, text, type Tool, type ToolCall } from './tool.ts';

const string = { type: 'string' };
const nameForm = form({ name: string });
const confirmForm = form({ ok: { type: 'boolean' } });

const DEFAULTS = {
  name: { ...string, description: 'User name', default: 'John Doe' },
  age: { type: 'integer', description: 'User age', default: 30 },
  score: { type: 'number', description: 'User score', default: 95.5 },
  status: { ...string, enum: ['active', 'inactive', 'pending'], default: 'active' },
  verified: { type: 'boolean', description: 'Whether verified', default: true },
};

const titled = (nouns: string) =>
  ['First', 'Second', 'Third'].map((title, index) => ({
    const: `value${index + 1}`,
    title: `${title} ${nouns}`,
  }));
const OPTIONS = ['option1', 'option2', 'option3'];
const ENUMS = {
  untitledSingle: { ...string, enum: OPTIONS },
  titledSingle: { ...string, oneOf: titled('Option') },
  legacyEnum: {
    ...string,
    enum: ['opt1', 'opt2', 'opt3'],
    enumNames: ['Option One', 'Option Two', 'Option Three'],
  },
  untitledMulti: { type: 'array', items: { ...string, enum: OPTIONS } },
  titledMulti: { type: 'array', items: { anyOf: titled('Choice') } },
};

const elicitation =
  (description: string, properties: Record<string, object>): Tool['run'] =>
  async ({ client }) => {
    const { action, content } = await client.elicit('values', description, form(properties, []));
    return text(`Elicitation completed: action=${action}, content=${JSON.stringify(content)}`);
  };

const confirmation = async ({ client }: ToolCall) => {
  const { action } = await client.elicit('confirm', 'Please confirm', confirmForm);
  return text(`state-ok: ${action}`);
};

export const askingTools: Record<string, Tool> = {
  test_sampling: {
    description: 'Asks the model of the client',
    properties: { prompt: string },
    run: async ({ args, client }) => {
      if (client.capabilities['sampling'] === undefined)
        return { ...text('The client does not support sampling'), isError: true };
      const { content } = await client.sample('answer', String(args['prompt']), 100);
      return text(`LLM response: ${JSON.stringify(content)}`);
    },
  },
  test_elicitation: {
    description: 'Asks the person',
    properties: { message: string },
    run: async ({ args, client }) => {
      if (client.capabilities['elicitation'] === undefined)
        return { ...text('The client does not support elicitation'), isError: true };
      const fields = form({
        username: { ...string, description: "User's response" },
        email: { ...string, description: "User's email address" },
      });
      const { action, content } = await client.elicit('user', String(args['message']), fields);
      return text(`User response: action=${action}, content=${JSON.stringify(content)}`);
    },
  },
  test_elicitation_sep1034_defaults: {
    description: 'Asks with default values',
    run: elicitation('Please review', DEFAULTS),
  },
  test_elicitation_sep1330_enums: {
    description: 'Asks with enumerations of every kind',
    run: elicitation('Please choose', ENUMS),
  },
  test_missing_capability: {
    description: 'Asks the model of the client, whatever that client can do',
    run: async ({ client }) => text(JSON.stringify(await client.sample('answer', 'Are you there?', 10))),
  },
  test_streaming_elicitation: {
    description: 'Logs, then asks the person',
    run: async ({ client }) => {
      await client.log('About to ask');
      const { action } = await client.elicit('confirm', 'Please confirm', confirmForm);
      return text(`Answered: ${action}`);
    },
  },
  test_input_required_result_elicitation: {
    description: 'Asks for a name',
    run: async ({ client }) => {
      const { content } = await client.elicit('user_name', 'What is your name?', nameForm);
      return text(`Hello, ${String(content?.['name'])}!`);
    },
  },
  test_input_required_result_sampling: {
    description: 'Asks the model for a capital',
    run: async ({ client }) => {
      const { content } = await client.sample('capital_question', 'What is the capital of France?', 100);
      return text(JSON.stringify(content));
    },
  },
  test_input_required_result_list_roots: {
    description: 'Asks for the roots',
    run: async ({ client }) => {
      const { roots } = await client.listRoots('client_roots');
      return text(roots.map(({ uri }) => uri).join(', '));
    },
  },
  test_input_required_result_request_state: { description: 'Asks for consent', run: confirmation },
  test_input_required_result_tampered_state: { description: 'Asks for consent', run: confirmation },
  test_input_required_result_multiple_inputs: {
    description: 'Asks three things at once',
    run: async ({ client }) => {
      const [user, greeting, { roots }] = await Promise.all([
        client.elicit('user_name', 'What is your name?', nameForm),
        client.sample('greeting', 'Generate a greeting', 50),
        client.listRoots('client_roots'),
      ]);
      return text(JSON.stringify([user.content, greeting.content, roots]));
    },
  },
  test_input_required_result_multi_round: {
    description: 'Asks one thing after the other',
    run: async ({ client }) => {
      const first = await client.elicit('step1', 'Step 1: What is your name?', nameForm);
      const color = form({ color: string });
      const second = await client.elicit('step2', 'Step 2: What is your favorite color?', color);
      return text(JSON.stringify([first.content, second.content]));
    },
  },
  test_input_required_result_capabilities: {
    description: 'Asks what the client can answer',
    run: async ({ client }) => {
      const { elicitation: asks, sampling: samples } = client.capabilities;
      const answers = await Promise.all([
        asks && client.elicit('user_name', 'What is your name?', nameForm),
        samples && client.sample('greeting', 'Generate a greeting', 50),
      ]);
      return text(JSON.stringify(answers));
    },
  },
};
