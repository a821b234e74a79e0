import { callbackUrl, issuer, type Topology } from '../../runtime/config/topology.ts';
import type { Answers } from '../init/answers.ts';
import type { Asker } from './asker.ts';
import { askChoice, askText, isOpen, validator } from './key-question.ts';

/** How people sign in, and who may. */
export async function askSignIn(asker: Asker, answers: Answers, topology: Topology): Promise<void> {
  await askChoice(asker, answers, 'IDENTITY_PROVIDER', {
    github: { label: 'github', hint: 'people sign in with GitHub' },
    local: { label: 'local', hint: 'one button, no password; this machine only' },
  });
  if (answers.texts.IDENTITY_PROVIDER === 'local') return askText(asker, answers, 'LOCAL_USER');
  if (isOpen(answers, 'GITHUB_CLIENT_ID')) asker.note(githubForm(answers, topology), 'GitHub OAuth app');
  await askText(asker, answers, 'GITHUB_CLIENT_ID', { required: true });
  await askClientSecret(asker, answers);
  await askText(asker, answers, 'ALLOWED_GITHUB_USERS', {
    message: 'Who may sign in? GitHub logins, separated by commas (* is anybody)',
    required: true,
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

async function askClientSecret(asker: Asker, answers: Answers): Promise<void> {
  if (!isOpen(answers, 'GITHUB_CLIENT_SECRET')) return;
  const present = answers.texts.GITHUB_CLIENT_SECRET;
  const answer = await asker.secret({
    message: present ? 'GitHub client secret (empty: keep the present one)' : 'GitHub client secret',
    validate: validator('GITHUB_CLIENT_SECRET', !present),
  });
  if (answer !== '') answers.texts.GITHUB_CLIENT_SECRET = answer;
}
