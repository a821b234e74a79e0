import { ROOTS_LIST } from '../../client-roots.ts';
import { isObject, type RpcRequest } from '../../messages/json-rpc.ts';

/** @returns whether the client said in `initialize` that it can answer the request */
export function declares(capabilities: unknown, { method, params }: RpcRequest): boolean {
  if (!isObject(capabilities)) return false;
  switch (method) {
    case 'sampling/createMessage':
      return isObject(capabilities['sampling']);
    case ROOTS_LIST:
      return isObject(capabilities['roots']);
    case 'elicitation/create': {
      const elicitation = capabilities['elicitation'];
      if (!isObject(elicitation)) return false;
      // "For backwards compatibility, an empty capabilities object is equivalent to declaring support for form mode only."
      return params?.['mode'] === 'url'
        ? 'url' in elicitation
        : 'form' in elicitation || !('url' in elicitation);
    }
    default:
      return false;
  }
}
