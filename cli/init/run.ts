/** `mcpgw init`: questions → `.env` and every generated file. Nothing is written before the last answer is in. */
import { resolve } from 'node:path';
import { text as readAll } from 'node:stream/consumers';
import { ConfigError } from '../../runtime/config/faults.ts';
import { issuer } from '../../runtime/config/topology.ts';
import { completeTexts } from '../env-text.ts';
import { EXIT, InterruptedError, UserError } from '../errors.ts';
import { type Environment, type GatewayFolder, openFolder } from '../gateway-folder.ts';
import { doneLines, summaryOf } from '../generate/report.ts';
import { ownerOf, refuseConflicts } from '../generate/run.ts';
import { createOutput, type Output } from '../output.ts';
import type { Asker } from '../prompts/asker.ts';
import { mcpgwVersion } from '../version.ts';
import { currentUser, type Owner, writeChanges } from '../write.ts';
import { type Answers, knownAnswers } from './answers.ts';
import { complete, randomSecrets, type SecretSource } from './complete.ts';
import { dockerVolumes, type ListVolumes, refuseLostSecrets } from './lost-secrets.ts';
import { withFlags } from './missing.ts';
import { nextSteps, nextStepsText } from './next-steps.ts';
import type { InitFlags } from './options.ts';
import { draftTopology, type InitPlan, planInit } from './plan.ts';

/** The world around `init`, for tests to replace. */
export interface InitWorld {
  environment: Environment;
  /** Undefined: there is no terminal to ask on. */
  asker: (() => Promise<Asker>) | undefined;
  readStdin: () => Promise<string>;
  secrets: SecretSource;
  user: Owner | undefined;
  volumes: ListVolumes;
  output: Output;
  /** Of mcpgw. */
  version: string;
}

const ROOT_SECRET = 'GATEWAY_JWT_SECRET';

export async function runInit(flags: InitFlags): Promise<void> {
  const terminal = process.stdin.isTTY === true && process.stderr.isTTY === true;
  // Between two questions the terminal sends a signal, not a key.
  process.once('SIGINT', () => {
    process.stderr.write('\nStopped. Nothing was written.\n');
    process.exit(EXIT.interrupted);
  });
  await init(flags, {
    environment: process.env,
    asker: terminal ? async () => (await import('../prompts/asker.ts')).terminalAsker() : undefined,
    readStdin,
    secrets: randomSecrets,
    user: currentUser(),
    volumes: dockerVolumes,
    output: createOutput(flags),
    version: mcpgwVersion(),
  });
}

async function readStdin(): Promise<string> {
  if (process.stdin.isTTY) {
    throw new UserError(
      'pipe the secret in; on a terminal it would be shown. Without the flag, init asks for it.',
      EXIT.usage,
    );
  }
  return readAll(process.stdin);
}

/** @throws UserError, CatalogError */
export async function init(flags: InitFlags, world: InitWorld): Promise<void> {
  const gateway = openFolder(resolve(flags.dir), world.version);
  const { environment, readStdin, output } = world;
  const answers = await knownAnswers({
    flags,
    environment,
    envText: gateway.envText,
    catalog: gateway.catalog,
    readStdin,
    secrets: world.secrets,
  });
  if (!answers.texts[ROOT_SECRET] && !answers.elsewhere.has(ROOT_SECRET)) {
    const { COMPOSE_PROJECT_NAME: project = '' } = completeTexts(answers.texts, gateway.catalog);
    await refuseLostSecrets(project, gateway.folder, world.volumes);
  }
  const asker = flags.yes === true ? undefined : await world.asker?.();
  if (asker !== undefined) await ask(asker, gateway, answers, world.secrets);
  complete(answers, world.secrets, world.user);
  const plan = planned(gateway, answers, flags, asker === undefined);
  if (flags.dryRun === true) return report(output, gateway, plan, flags);
  refuseConflicts(plan.changes, flags.force === true);
  if (asker !== undefined && !(await agreed(asker, gateway, plan, world)))
    throw new InterruptedError('Nothing was written.');
  writeChanges(gateway.folder, plan.changes, ownerOf(plan.source), () => world.user);
  report(output, gateway, plan, flags);
}

async function ask(
  asker: Asker,
  gateway: GatewayFolder,
  answers: Answers,
  secrets: SecretSource,
): Promise<void> {
  const [routing, tls, signIn, services, lifetimes] = await Promise.all([
    import('../prompts/routing.ts'),
    import('../prompts/tls.ts'),
    import('../prompts/sign-in.ts'),
    import('../prompts/services.ts'),
    import('../prompts/lifetimes.ts'),
  ]);
  const present = gateway.envText === undefined ? 'a new gateway' : 'starting from the present .env';
  asker.intro(`mcpgw init: ${present} in ${gateway.folder}`);
  await routing.askRouting(asker, answers);
  await tls.askTls(asker, answers);
  await signIn.askSignIn(asker, answers, { topology: draftTopology(gateway, answers), secrets });
  await services.askServices(asker, answers, gateway.catalog);
  await lifetimes.askLifetimes(asker, answers);
}

function planned(gateway: GatewayFolder, answers: Answers, flags: InitFlags, silent: boolean): InitPlan {
  if (silent && flags.yes !== true) throw noTerminal(gateway, answers);
  try {
    return planInit(gateway, answers);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw withFlags(
      error,
      silent ? 'init --yes takes defaults, and these need a value:' : 'these do not go together:',
    );
  }
}

function noTerminal(gateway: GatewayFolder, answers: Answers): UserError {
  const start = 'init asks questions, and there is no terminal here: add --yes to take flags and defaults';
  try {
    planInit(gateway, answers);
  } catch (error) {
    if (error instanceof ConfigError) return withFlags(error, `${start}. These need a value:`);
    throw error;
  }
  return new UserError(`${start}. Nothing was written.`, EXIT.usage);
}

async function agreed(
  asker: Asker,
  gateway: GatewayFolder,
  plan: InitPlan,
  world: InitWorld,
): Promise<boolean> {
  if (plan.changes.length === 0) return true;
  const files = doneLines(plan.changes, world.output.style);
  const lines =
    gateway.envText === undefined
      ? [`${plan.changes.length} files in ${gateway.folder}`]
      : [...keyLines(plan), files];
  asker.note(lines.join('\n'), gateway.envText === undefined ? 'To be written' : 'What changes');
  return asker.confirm({ message: 'Write this?', initial: true });
}

function keyLines({ keys }: InitPlan): string[] {
  return keys.map(({ key, before, after }) => `${key}: ${before || '(empty)'} → ${after || '(empty)'}`);
}

function report(output: Output, gateway: GatewayFolder, plan: InitPlan, flags: InitFlags): void {
  const steps = nextSteps(plan.source.config, plan.topology, gateway.folder);
  const { changes, keys } = plan;
  for (const warning of [...plan.notes, ...steps.warnings]) output.warn(warning);
  const { style } = output;
  const dry = flags.dryRun === true;
  const what =
    changes.length === 0
      ? 'Everything is as it was.'
      : [...keyLines(plan), doneLines(changes, style)].filter(Boolean).join('\n');
  const title = dry ? `Would be written to ${gateway.folder}:` : `In ${gateway.folder}:`;
  const next = dry || flags.quiet === true ? '' : `\n\n${nextStepsText(steps, flags.dir, style.bold)}`;
  const { warnings, ...rest } = steps;
  output.result(`${title}\n${what}${next}`, {
    folder: gateway.folder,
    written: !dry,
    issuer: issuer(plan.topology),
    ...rest,
    changes: changes.map(summaryOf),
    keys,
    warnings,
  });
}
