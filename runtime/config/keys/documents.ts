/** Pages of the operator that the metadata names (RFC 8414 §2). */
import { httpUrl, optional } from '../fields.ts';
import { keysOf } from '../key-meta.ts';

const key = keysOf('Documents');

export const documentsKeys = {
  SERVICE_DOCUMENTATION: key(optional(httpUrl()), {
    title: 'Documentation URL',
    description: 'Named in the metadata (RFC 8414 service_documentation).',
    example: 'https://example.com/docs',
  }),
  OP_POLICY_URI: key(optional(httpUrl()), {
    title: 'Policy URL',
    description: 'Named in the metadata (RFC 8414 op_policy_uri).',
    example: 'https://example.com/policy',
  }),
  OP_TOS_URI: key(optional(httpUrl()), {
    title: 'Terms URL',
    description: 'Named in the metadata (RFC 8414 op_tos_uri).',
    example: 'https://example.com/terms',
  }),
};
