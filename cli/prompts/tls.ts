import type { Answers } from '../init/answers.ts';
import type { Asker } from './asker.ts';
import { askChoice, askText, isOpen } from './key-question.ts';

/** Who makes the certificates. */
export async function askTls(asker: Asker, answers: Answers): Promise<void> {
  await askChoice(asker, answers, 'TLS_MODE', {
    acme: { label: 'acme', hint: "certificates from Let's Encrypt" },
    off: { label: 'off', hint: 'plain HTTP, behind a proxy that ends TLS' },
  });
  if (answers.texts.TLS_MODE === 'acme') {
    await askText(asker, answers, 'ACME_EMAIL', { required: true });
    // Nothing stands in front any more whose word would count.
    if (isOpen(answers, 'TRUSTED_PROXIES')) answers.texts.TRUSTED_PROXIES = '';
  }
  if (answers.texts.TLS_MODE === 'off') {
    await askText(asker, answers, 'TRUSTED_PROXIES', {
      message: 'Addresses of that proxy (empty: believe none)',
    });
  }
}
