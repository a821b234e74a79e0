import type { AtEndOfTurn } from './turn.ts';

/** Redis does nothing else while it answers: about a millisecond. */
const MAX_TOGETHER = 200;

interface Asked<Question, Answer> {
  question: Question;
  resolve: (answer: Answer) => void;
  reject: (error: unknown) => void;
}

/**
 * Puts the questions of one turn of the event loop together: one command, one write to the socket and one answer cost
 * little more processor time for many than for one.
 *
 * @param ask answers in the order of the questions
 */
export function createTogether<Question, Answer>(
  atEndOfTurn: AtEndOfTurn,
  ask: (questions: Question[]) => Promise<readonly Answer[]>,
): (question: Question) => Promise<Answer> {
  let asked: Asked<Question, Answer>[] = [];

  const askTogether = (batch: Asked<Question, Answer>[]): void => {
    ask(batch.map(({ question }) => question)).then(
      (answers) => {
        for (const [index, { resolve }] of batch.entries()) resolve(answers[index] as Answer);
      },
      (error: unknown) => {
        for (const { reject } of batch) reject(error);
      },
    );
  };
  const flush = (): void => {
    const all = asked;
    asked = [];
    for (let start = 0; start < all.length; start += MAX_TOGETHER)
      askTogether(all.slice(start, start + MAX_TOGETHER));
  };

  return (question) =>
    new Promise((resolve, reject) => {
      if (asked.push({ question, resolve, reject }) === 1) atEndOfTurn(flush);
    });
}
