import { callbackUrl, issuer, type Topology } from '../../runtime/config/topology.ts';
import { passphraseProblem } from '../../runtime/config/passphrase.ts';
import { IDENTITY_PROVIDERS } from '../../runtime/config/keys/sign-in.ts';
import { keyDefault, keyMeta } from '../../runtime/config/schema.ts';
import type { Answers } from '../init/answers.ts';
import type { SecretSource } from '../init/complete.ts';
import type { Asker } from './asker.ts';
import { askText, isOpen, validator } from './key-question.ts';

type Provider = (typeof IDENTITY_PROVIDERS)[number];

const HINTS: Record<Provider, string> = {
  github: 'people sign in with GitHub',
  oidc: 'any OpenID Connect issuer: Google, Entra, Keycloak, Okta …',
  passphrase: 'one owner, and no other party',
  local: 'one button, no password; this machine only, and alone',
};

/** How people sign in, and who may. */
export async function askSignIn(
  asker: Asker,
  answers: Answers,
  { topology, secrets }: { topology: Topology; secrets: SecretSource },
): Promise<void> {
  await askProviders(asker, answers);
  const providers = listOf(answers.texts.IDENTITY_PROVIDER);
  if (providers.includes('github')) await askGithub(asker, answers, topology);
  if (providers.includes('oidc')) await askOidc(asker, answers, topology);
  if (providers.includes('passphrase')) {
    await askText(asker, answers, 'OWNER_NAME', { required: true });
    await askPassphrase(asker, answers, secrets);
  }
  if (providers.includes('local')) await askText(asker, answers, 'LOCAL_USER');
}

async function askProviders(asker: Asker, answers: Answers): Promise<void> {
  if (!isOpen(answers, 'IDENTITY_PROVIDER')) return;
  let initial = listOf(answers.texts.IDENTITY_PROVIDER || keyDefault('IDENTITY_PROVIDER'));
  for (;;) {
    const chosen = await asker.several({
      message: keyMeta('IDENTITY_PROVIDER').title,
      initial,
      choices: IDENTITY_PROVIDERS.map((value) => ({ value, label: value, hint: HINTS[value] })),
    });
    answers.texts.IDENTITY_PROVIDER = chosen.join(',');
    if (!chosen.includes('local') || chosen.length === 1) return;
    asker.note('local lets anybody in, so that it stands alone: choose it, or the others', 'Not together');
    initial = chosen.filter((name) => name !== 'local');
  }
}

async function askGithub(asker: Asker, answers: Answers, topology: Topology): Promise<void> {
  if (isOpen(answers, 'GITHUB_CLIENT_ID')) asker.note(githubForm(answers, topology), 'GitHub OAuth app');
  await askText(asker, answers, 'GITHUB_CLIENT_ID', { required: true });
  await askSecret(asker, answers, 'GITHUB_CLIENT_SECRET');
  const { ALLOWED_GITHUB_ORGS: orgs, ALLOWED_GITHUB_TEAMS: teams } = answers.texts;
  await askText(asker, answers, 'ALLOWED_GITHUB_USERS', {
    message: 'Who may sign in? GitHub logins, separated by commas (* is anybody)',
    required: !orgs && !teams,
  });
}

/** What to type into GitHub's form, a value a line, so that each can be copied. */
function githubForm(answers: Answers, topology: Topology): string {
  const base = (answers.texts.GITHUB_BASE_URL || 'https://github.com').replace(/\/+$/, '');
  return [
    `Make one at ${base}/settings/applications/new`,
    'Homepage URL:',
    issuer(topology),
    'Authorization callback URL:',
    callbackUrl(topology),
  ].join('\n');
}

async function askOidc(asker: Asker, answers: Answers, topology: Topology): Promise<void> {
  if (isOpen(answers, 'OIDC_CLIENT_ID')) {
    const form = [
      'Register a confidential web application at the issuer. Redirect URI:',
      callbackUrl(topology),
    ];
    asker.note(form.join('\n'), 'OpenID Connect application');
  }
  await askText(asker, answers, 'OIDC_ISSUER', { required: true });
  await askText(asker, answers, 'OIDC_CLIENT_ID', { required: true });
  await askSecret(asker, answers, 'OIDC_CLIENT_SECRET');
  await askText(asker, answers, 'OIDC_TITLE');
  await askText(asker, answers, 'OIDC_ALLOWED_EMAILS', {
    message: 'Who may sign in? Verified e-mail addresses, separated by commas (* is anybody there)',
  });
  await askText(asker, answers, 'OIDC_ALLOWED_DOMAINS', { message: 'Or whole e-mail domains' });
  await askText(asker, answers, 'OIDC_ALLOWED_GROUPS', { message: 'Or groups' });
  if (!answers.texts.OIDC_ALLOWED_GROUPS) return;
  await askText(asker, answers, 'OIDC_GROUPS_CLAIM', { required: true });
}

async function askSecret(
  asker: Asker,
  answers: Answers,
  key: 'GITHUB_CLIENT_SECRET' | 'OIDC_CLIENT_SECRET',
): Promise<void> {
  if (!isOpen(answers, key)) return;
  const { title } = keyMeta(key);
  const present = answers.texts[key];
  const answer = await asker.secret({
    message: present ? `${title} (empty: keep the present one)` : title,
    validate: validator(key, !present),
  });
  if (answer !== '') answers.texts[key] = answer;
}

/** Twice, since nobody sees what was typed. */
async function askPassphrase(asker: Asker, answers: Answers, secrets: SecretSource): Promise<void> {
  if (!isOpen(answers, 'PASSPHRASE_HASH')) return;
  const present = answers.texts.PASSPHRASE_HASH;
  const passphrase = await asker.secret({
    message: present ? 'Passphrase (empty: keep the present one)' : 'Passphrase',
    validate: (answer) => (answer === '' && present ? undefined : passphraseProblem(answer)),
  });
  if (passphrase === '') return;
  const again = await asker.secret({
    message: 'The same again (empty: start over)',
    validate: (answer) =>
      answer === passphrase || answer === '' ? undefined : 'is not the same; empty starts over',
  });
  if (again === '') return askPassphrase(asker, answers, secrets);
  answers.texts.PASSPHRASE_HASH = await secrets.passphraseHash(passphrase);
}

function listOf(text = ''): string[] {
  return text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}
