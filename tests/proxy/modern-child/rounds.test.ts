import { expect, it } from 'vitest';
import type { RpcRequest } from '../../../runtime/proxy/messages/json-rpc.ts';
import { Rounds } from '../../../runtime/proxy/modern-child/rounds.ts';

const REQUEST: RpcRequest = { kind: 'request', id: 1, method: 'tools/call', params: { name: 'ask' } };
const QUESTION = { method: 'elicitation/create', params: { message: '?' } };

function start() {
  const asked: string[] = [];
  const failed: string[] = [];
  const again: object[] = [];
  let last = 0;
  const rounds = new Rounds({
    nextId: () => String((last += 1)),
    ask: (id) => asked.push(id),
    again: (_request, more) => again.push(more),
    fail: (_request, message) => failed.push(message),
  });
  return { rounds, asked, failed, again };
}

const questions = (count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, at) => [`q${at}`, QUESTION]));

it('makes the call again when all of its questions are answered', () => {
  const { rounds, asked, again } = start();
  rounds.begin(REQUEST, { inputRequests: questions(2), requestState: 's' }, 0);
  for (const id of asked) rounds.answer({ kind: 'response', id, result: { action: id } });
  const inputResponses = { q0: { action: '1' }, q1: { action: '2' } };
  expect(again).toEqual([{ inputResponses, requestState: 's' }]);
});

it('ends a call that asks too often, or too much at once', () => {
  const { rounds, asked, failed } = start();
  rounds.begin(REQUEST, { inputRequests: questions(1) }, 32);
  rounds.begin(REQUEST, { inputRequests: questions(257) }, 0);
  expect(failed).toEqual(['The server asked 32 times.', 'The server asked more than 256 things at once.']);
  expect(asked).toEqual([]);
});
