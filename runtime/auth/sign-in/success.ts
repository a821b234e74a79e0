/**
 * `/success`: a redirect URI of ours that shows the code, or the error, to a person whose client cannot listen on
 * loopback. The parameters are those of an authorization response (RFC 6749 §4.1.2).
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { AuthContext } from '../auth-context.ts';
import { readParameters } from '../parameters.ts';
import { sendPage } from '../send-page.ts';

/** Our codes and error codes; anybody can link to this page, so it shows nothing else as one. */
const CODE = /^[A-Za-z0-9_-]{8,64}\.[A-Za-z0-9_-]{43}$/;
const ERROR = /^[a-z_]{1,64}$/;

export function success({ pages }: AuthContext, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const parameters = readParameters(request.query);
  const page = pages.success({
    code: matching(parameters.one('code'), CODE),
    state: parameters.one('state'),
    error: matching(parameters.one('error'), ERROR),
    errorDescription: parameters.one('error_description'),
  });
  return sendPage(reply, 200, page);
}

function matching(value: string | undefined, form: RegExp): string | undefined {
  return value !== undefined && form.test(value) ? value : undefined;
}
