import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Answers } from '../init/answers.ts';
import { variableNames } from '../init/dns-variables.ts';
import { writable } from '../../runtime/config/env-file.ts';
import { keyMeta } from '../../runtime/config/schema.ts';
import type { Asker } from './asker.ts';
import { askChoice, askText, isOpen, validator } from './key-question.ts';

/** Who makes the certificates. */
export async function askTls(asker: Asker, answers: Answers): Promise<void> {
  await askChoice(asker, answers, 'TLS_MODE', {
    acme: { label: 'acme', hint: "certificates from Let's Encrypt" },
    files: { label: 'files', hint: 'a certificate that you have' },
    internal: { label: 'internal', hint: 'a local authority, for laptops and tests' },
    off: { label: 'off', hint: 'plain HTTP, behind a proxy that ends TLS' },
  });
  const mode = answers.texts.TLS_MODE;
  // With TLS of our own nothing stands in front any more whose word would count.
  if (mode !== 'off' && isOpen(answers, 'TRUSTED_PROXIES')) answers.texts.TRUSTED_PROXIES = '';
  if (mode === 'acme') await askAcme(asker, answers);
  if (mode === 'files') {
    await askPath(asker, answers, 'TLS_CERT_FILE');
    await askPath(asker, answers, 'TLS_KEY_FILE');
  }
  if (mode === 'off') {
    await askText(asker, answers, 'TRUSTED_PROXIES', {
      message: 'Addresses of that proxy (empty: believe none)',
    });
  }
}

/** Looks at once whether the file is there; in `.env` its path does not depend on where somebody was. */
async function askPath(asker: Asker, answers: Answers, key: 'TLS_CERT_FILE' | 'TLS_KEY_FILE'): Promise<void> {
  if (!isOpen(answers, key)) return;
  const { title, example } = keyMeta(key);
  const check = validator(key, true);
  const answer = await asker.text({
    message: title,
    initial: answers.texts[key] ?? '',
    placeholder: `e.g. ${example}`,
    validate: (path) => check(path) ?? (existsSync(resolve(path)) ? undefined : 'there is no such file'),
  });
  answers.texts[key] = resolve(answer);
}

async function askAcme(asker: Asker, answers: Answers): Promise<void> {
  await askText(asker, answers, 'ACME_EMAIL', { required: true });
  await askChoice(asker, answers, 'ACME_CHALLENGE', {
    'http-01': { label: 'http-01', hint: 'port 80 is reachable from the internet' },
    'tls-alpn-01': { label: 'tls-alpn-01', hint: 'port 443 is, and 80 is not' },
    'dns-01': { label: 'dns-01', hint: 'by a DNS record; no port is, or one wildcard' },
  });
  if (answers.texts.ACME_CHALLENGE !== 'dns-01') return;
  await askText(asker, answers, 'ACME_DNS_PROVIDER', {
    message: 'DNS provider (names: https://go-acme.github.io/lego/dns/)',
    required: true,
  });
  await askText(asker, answers, 'ACME_DNS_VARIABLES', {
    message: 'Variables that it needs, separated by commas',
  });
  for (const name of variableNames(answers.texts)) await askVariable(asker, answers, name);
}

/** Most of them are secrets, so none is shown. */
async function askVariable(asker: Asker, answers: Answers, name: string): Promise<void> {
  const { texts, decided, elsewhere } = answers;
  if (decided.has(name) || elsewhere.has(name)) return;
  const present = texts[name];
  const answer = await asker.secret({
    message: present ? `${name} (empty: keep the present one)` : name,
    validate: (text) => {
      if (text === '') return present ? undefined : 'is needed';
      return writable(text) ? undefined : 'cannot have a single quote, or a backslash at its end';
    },
  });
  if (answer !== '') texts[name] = answer;
}
