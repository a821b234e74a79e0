import type { Answers } from '../init/answers.ts';
import type { Asker } from './asker.ts';
import { askChoice, askText } from './key-question.ts';

/** Where the gateway is: mode and domain. */
export async function askRouting(asker: Asker, answers: Answers): Promise<void> {
  await askChoice(asker, answers, 'ROUTING_MODE', {
    subdomain: { label: 'subdomain', hint: 'fetch.DOMAIN/mcp; what claude.ai needs' },
    path: { label: 'path', hint: 'DOMAIN/fetch/mcp; one name, one certificate' },
  });
  await askText(asker, answers, 'BASE_DOMAIN', { required: true });
}
