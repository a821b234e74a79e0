/** What clients do in the soak. Each answer is compared with what this request of this session must get. */
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { CONTEXT_HEADER } from '../../runtime/config/context.ts';
import { ModernClient } from '../helpers/modern-client.ts';
import { contextOf, Events, RawClient, type Loose } from '../helpers/stdio-proxy.ts';

/** Long after whatever an answer takes on a busy machine. */
const UNANSWERED_MS = 60_000;
/** Refusals that are true in a soak: a session or server is gone, there are too many, or a server has died. */
const REFUSALS = new Set([404, 429, 502, 503, 504]);
/** The proxy's own errors in an answer: the server has died, the session has ended, the client was away for too long. */
const REFUSAL_CODES = new Set([-32000, -32001]);

export type Outcome = 'answered' | 'refused' | 'left';

/** An answer that is not this request's, or none at all. */
export class SoakFault extends Error {}

interface Answer {
  response: Response;
  message: Loose;
}

const pick = <T>(all: readonly T[]): T => all[Math.floor(Math.random() * all.length)]!;
const moment = (): Promise<void> => delay(Math.random() * 50);

/** Waits for one, but not for ever. */
async function answered<T>(what: string, wait: Promise<T>): Promise<T> {
  const timer = new AbortController();
  const late = delay(UNANSWERED_MS, undefined, { signal: timer.signal }).then(() => {
    throw new SoakFault(`no answer to ${what}`);
  });
  late.catch(() => undefined);
  return Promise.race([wait, late]).finally(() => timer.abort());
}

/** @returns the answer of a reply, be it JSON or a stream */
async function answerOf(what: string, response: Response, id: unknown): Promise<Answer> {
  const text = await answered(what, response.text());
  const stream = response.headers.get('content-type') === 'text/event-stream';
  const texts = stream ? [...text.matchAll(/^data: (\{.*)$/gm)].map(([, data]) => data!) : [text];
  const messages = texts.filter((each) => each !== '').map((each) => JSON.parse(each));
  const message = messages.find((each) => each.method === undefined && each.id === id) ?? messages.at(-1);
  return { response, message };
}

/** @throws SoakFault for anything but the expected text or a refusal that may be */
function judge(what: string, { response, message }: Answer, expected: string): Outcome {
  const text = message?.result?.content?.[0]?.text as unknown;
  if (text === expected) return 'answered';
  const refused = REFUSALS.has(response.status) || REFUSAL_CODES.has(message?.error?.code);
  if (refused && message?.result === undefined) return 'refused';
  throw new SoakFault(
    `${what}: ${response.status} ${JSON.stringify(message ?? null).slice(0, 300)}, not ${expected.slice(0, 80)}`,
  );
}

/** The fixture's answer when nobody could be asked: it shares its child with calls of other clients. */
function isRefusedQuestion({ message }: Answer): boolean {
  const content = message?.result?.content?.[0];
  return content?.type === 'text' && content.text === undefined;
}

/** A handshake-era session. */
export class LegacySession {
  readonly client: RawClient;
  readonly #name: string;
  /** Every session uses the same ids. */
  #nextId = 1;

  constructor(url: string, user: string) {
    this.client = new RawClient(url, user);
    this.#name = `${user} ${randomUUID()}`;
  }

  async open(): Promise<Outcome> {
    const response = await answered('initialize', this.client.post(this.client.initializeBody()));
    const text = await answered('initialize', response.text());
    const id = response.headers.get('mcp-session-id');
    if (response.status === 200 && id !== null) {
      Object.assign(this.client.headers, { 'mcp-session-id': id, 'mcp-protocol-version': '2025-11-25' });
      await this.client.post({ jsonrpc: '2.0', method: 'notifications/initialized' });
      return 'answered';
    }
    if (REFUSALS.has(response.status)) return 'refused';
    throw new SoakFault(`initialize: ${response.status} ${text.slice(0, 300)}`);
  }

  async #call(name: string, args: object, meta?: object): Promise<{ id: number; response: Response }> {
    const id = this.#nextId++;
    const params = { name, arguments: args, ...(meta === undefined ? {} : { _meta: meta }) };
    const response = await answered(name, this.client.post(this.client.request('tools/call', params, id)));
    return { id, response };
  }

  #nonce(): string {
    return `${this.#name} ${randomUUID()}`;
  }

  async echo(bytes = 0): Promise<Outcome> {
    const text = this.#nonce() + 'x'.repeat(bytes);
    const { id, response } = await this.#call('echo', { text });
    return judge('echo', await answerOf('echo', response, id), text);
  }

  async manyAtOnce(): Promise<Outcome> {
    const all = await Promise.all(Array.from({ length: 8 }, () => this.echo()));
    return all.includes('refused') ? 'refused' : 'answered';
  }

  /** Reads a large answer late. */
  async readsSlowly(): Promise<Outcome> {
    const text = this.#nonce() + 'x'.repeat(1_500_000);
    const { id, response } = await this.#call('echo', { text });
    await delay(Math.random() * 800);
    return judge('a slow reader', await answerOf('a slow reader', response, id), text);
  }

  /** Never reads what its stream is flooded with. */
  async neverReads(): Promise<Outcome> {
    const abort = new AbortController();
    const get = await answered(
      'GET',
      this.client.send('GET', undefined, { accept: 'text/event-stream' }, abort.signal),
    );
    if (get.status !== 200) return 'refused';
    const flood = this.#call('flood', { lines: 3_000 });
    await moment();
    abort.abort();
    const { id, response } = await flood;
    return judge('flood', await answerOf('flood', response, id), 'flooded');
  }

  async crashes(): Promise<Outcome> {
    const { id, response } = await this.#call('crash', {});
    return judge('crash', await answerOf('crash', response, id), 'none');
  }

  async leavesItsCall(): Promise<Outcome> {
    const abort = new AbortController();
    const body = this.client.call('silent', {}, this.#nextId++);
    const call = this.client.post(body, {}, abort.signal).catch(() => undefined);
    await moment();
    abort.abort();
    await call;
    return 'left';
  }

  async leavesItsStream(): Promise<Outcome> {
    const events = await this.#steps('left');
    if (typeof events === 'string') return events;
    await events.events.cancel();
    return 'left';
  }

  /** Loses its stream in the middle of a call, and comes back for the answer. */
  async resumes(): Promise<Outcome> {
    const text = this.#nonce();
    const begun = await this.#steps(text);
    if (typeof begun === 'string') return begun;
    const { id, events, response } = begun;
    await events.cancel();
    await moment();
    const eventId = events.ids.at(-1);
    const on = this.#stepOn();
    // Told where it is waited for; an answer that nobody let go on would never come.
    on.catch(() => undefined);
    if (Math.random() < 0.5) await on;
    const headers = { accept: 'text/event-stream', 'last-event-id': eventId ?? '' };
    const get = await answered('a resumption', this.client.send('GET', undefined, headers));
    if (get.status !== 200) {
      await on;
      await get.body?.cancel();
      // It had the answer already, or the session is over.
      const had = events.messages.find((message) => message.id === id);
      if (had !== undefined) return judge('a resumption', { response, message: had }, text);
      if (REFUSALS.has(get.status)) return 'refused';
      throw new SoakFault(`a resumption: ${get.status} after ${eventId}`);
    }
    const [rest] = await Promise.all([answerOf('a resumption', get, id), on]);
    return judge('a resumption', rest, text);
  }

  /** Lets calls that wait in the middle of their steps go on, also where the server is too busy to be asked at first. */
  async #stepOn(): Promise<void> {
    for (;;) {
      const { response } = await this.#call('stepOn', {});
      await answered('stepOn', response.text());
      if (response.status !== 429 && response.status !== 503) return;
      await moment();
    }
  }

  /** @returns a call that has reported half of its progress, or how it ended before */
  async #steps(text: string): Promise<Outcome | { id: number; events: Events; response: Response }> {
    const meta = { progressToken: this.#nextId };
    const { id, response } = await this.#call('stepwise', { before: 2, after: 2, text }, meta);
    if (response.headers.get('content-type') !== 'text/event-stream')
      return judge('stepwise', await answerOf('stepwise', response, id), text);
    const events = new Events(response);
    await answered('progress', seen(events, 2));
    const foreign = events.messages.find(
      ({ method, params }) => method === 'notifications/progress' && params.progressToken !== id,
    );
    if (foreign !== undefined) throw new SoakFault(`foreign progress ${JSON.stringify(foreign)}`);
    return { id, events, response };
  }

  async end(): Promise<Outcome> {
    const response = await answered('DELETE', this.client.send('DELETE'));
    await response.text();
    if (response.status !== 204 && !REFUSALS.has(response.status))
      throw new SoakFault(`DELETE: ${response.status}`);
    return response.status === 204 ? 'answered' : 'refused';
  }
}

/** Resolved once there are `count` messages, or no more come. */
async function seen(events: Events, count: number): Promise<void> {
  while (events.messages.length < count && !events.closed) await delay(5);
}

/** A user of 2026-07-28. */
export class ModernUser {
  readonly #client: ModernClient;
  readonly #name: string;

  constructor(url: string, user: string) {
    this.#name = `${user} ${randomUUID()}`;
    const context = contextOf(user, { clientId: this.#name });
    this.#client = new ModernClient(url, user, {}, { [CONTEXT_HEADER]: context });
  }

  async #call(name: string, args: object, more: Loose = {}): Promise<Answer> {
    const body = this.#client.body('tools/call', { name, arguments: args, ...more }, 1);
    const response = await answered(name, this.#client.post(body));
    return answerOf(`modern ${name}`, response, 1);
  }

  async echo(bytes = 0): Promise<Outcome> {
    const text = `${this.#name} ${randomUUID()}${'x'.repeat(bytes)}`;
    return judge('modern echo', await this.#call('echo', { text }), text);
  }

  async manyAtOnce(): Promise<Outcome> {
    const all = await Promise.all(Array.from({ length: 8 }, () => this.echo()));
    return all.includes('refused') ? 'refused' : 'answered';
  }

  async progress(): Promise<Outcome> {
    return judge(
      'modern progress',
      await this.#call('progress', { count: 5 }, { _meta: { progressToken: 1 } }),
      'done',
    );
  }

  /** Is asked something in a call, and answers in the next round, or never. */
  async isAsked(): Promise<Outcome> {
    this.#client.capabilities = { sampling: {} };
    try {
      const asked = await this.#call('ask', {});
      const { requestState, inputRequests } = asked.message?.result ?? {};
      if (inputRequests === undefined)
        return isRefusedQuestion(asked) ? 'refused' : judge('modern ask', asked, 'a question');
      if (Math.random() < 0.2) return 'left';
      const sampled = {
        role: 'assistant',
        model: `${this.#name} ${randomUUID()}`,
        content: { type: 'text', text: '' },
      };
      const inputResponses = Object.fromEntries(
        Object.keys(inputRequests as object).map((key) => [key, sampled]),
      );
      const answer = await this.#call('ask', {}, { requestState, inputResponses });
      return judge('modern answer', answer, JSON.stringify(sampled));
    } finally {
      this.#client.capabilities = {};
    }
  }

  async crashes(): Promise<Outcome> {
    return judge('modern crash', await this.#call('crash', {}), 'none');
  }

  async leaves(): Promise<Outcome> {
    const abort = new AbortController();
    const body = this.#client.body('tools/call', { name: 'silent', arguments: {} });
    const call = this.#client.post(body, {}, abort.signal).catch(() => undefined);
    await moment();
    abort.abort();
    await call;
    return 'left';
  }
}

export type Deed<T> = [weight: number, name: string, act: (who: T) => Promise<Outcome>];

export const LEGACY_DEEDS: Deed<LegacySession>[] = [
  [20, 'echo', (who) => who.echo()],
  [4, 'large echo', (who) => who.echo(300_000)],
  [6, 'eight at once', (who) => who.manyAtOnce()],
  [6, 'resume', (who) => who.resumes()],
  [3, 'slow reader', (who) => who.readsSlowly()],
  [2, 'never reads', (who) => who.neverReads()],
  [4, 'leaves a call', (who) => who.leavesItsCall()],
  [3, 'leaves a stream', (who) => who.leavesItsStream()],
  [1, 'crash', (who) => who.crashes()],
];

export const MODERN_DEEDS: Deed<ModernUser>[] = [
  [20, 'modern echo', (who) => who.echo()],
  [4, 'modern large echo', (who) => who.echo(300_000)],
  [6, 'modern eight at once', (who) => who.manyAtOnce()],
  [6, 'modern progress', (who) => who.progress()],
  [4, 'modern leaves a call', (who) => who.leaves()],
  [6, 'modern question', (who) => who.isAsked()],
  [1, 'modern crash', (who) => who.crashes()],
];

/** Of those whose server is everybody's: it can ask nobody. */
export const UNASKED_DEEDS = MODERN_DEEDS.filter(([, name]) => name !== 'modern question');

/** @returns one of them, by weight */
export function draw<T>(deeds: Deed<T>[]): Deed<T> {
  return pick(deeds.flatMap((deed) => Array.from({ length: deed[0] }, () => deed)));
}
