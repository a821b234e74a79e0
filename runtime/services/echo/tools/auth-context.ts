import * as z from 'zod';
import type { CallerContext } from '../../../config/context.ts';
import { defineReadOnlyTool } from '../../tool.ts';
import type { EchoCall } from '../call.ts';
import { duration, isoTime, section } from '../format.ts';

const listed = (items: readonly string[] | undefined): string => items?.join(', ') || '(none)';

/** `undefined` allows every tool, an empty list none: the two must not read the same. */
const allowed = ({ tools }: CallerContext): string =>
  tools?.allow === undefined ? 'all' : listed(tools.allow);

export const authContext = defineReadOnlyTool({
  name: 'authContext',
  title: 'Who the gateway says you are',
  description:
    'Shows what the gateway signed about you: user, client, groups, scopes and which tools you may use. Services ' +
    'decide on this alone.',
  input: z.object({}),
  handle(_args, { request: { caller }, facts }: EchoCall) {
    const scopes = caller.scope.split(/ +/).filter((scope) => scope !== '');
    const secondsLeft = Math.max(0, Math.floor(caller.exp - facts.now() / 1000));
    const text = section('The gateway has signed that you are:', {
      User: `${caller.name} (${caller.sub})`,
      Client: caller.clientId,
      Groups: listed(caller.groups),
      Scopes: listed(scopes),
      Service: caller.aud,
      'Tools allowed': allowed(caller),
      'Tools denied': listed(caller.tools?.deny),
      Signed: isoTime(caller.iat * 1000),
      'Good for another': duration(secondsLeft),
    });
    const { sub, name, clientId, groups, aud, tools } = caller;
    const user = { id: sub, name };
    return {
      text,
      data: { user, clientId, groups, scopes, service: aud, ...(tools !== undefined && { tools }) },
    };
  },
});
