/** Tools whose schemas have what might be dropped or overlooked on their way (SEP-1613, SEP-2106, SEP-2243). */
import { text, type Tool } from './tool.ts';

const string = { type: 'string' };

export const schemaTools: Record<string, Tool> = {
  json_schema_2020_12_tool: {
    description: 'Tool with JSON Schema 2020-12 features',
    inputSchema: {
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      type: 'object',
      $defs: {
        address: { $anchor: 'addressDef', type: 'object', properties: { street: string, city: string } },
      },
      properties: {
        name: string,
        address: { $ref: '#/$defs/address' },
        contactMethod: { ...string, enum: ['phone', 'email'] },
        phone: string,
        email: string,
      },
      allOf: [{ anyOf: [{ required: ['phone'] }, { required: ['email'] }] }],
      if: { properties: { contactMethod: { const: 'phone' } }, required: ['contactMethod'] },
      then: { required: ['phone'] },
      else: { required: ['email'] },
      additionalProperties: false,
    },
    run: ({ args }) => text(JSON.stringify(args)),
  },
  test_parameter_in_header: {
    description: 'Has an argument that clients of 2026-07-28 repeat in a header',
    properties: { region: { ...string, 'x-mcp-header': 'Region' } },
    run: ({ args }) => text(String(args['region'])),
  },
};
