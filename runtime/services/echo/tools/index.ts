import type { Tool } from '../../tool.ts';
import type { EchoCall } from '../call.ts';
import { authContext } from './auth-context.ts';
import { bearerDecode } from './bearer-decode.ts';
import { corsAnalysis } from './cors-analysis.ts';
import { echo } from './echo.ts';
import { environmentDump } from './environment-dump.ts';
import { healthProbe } from './health-probe.ts';
import { printHeader } from './print-header.ts';
import { requestTiming } from './request-timing.ts';
import { sessionInfo } from './session-info.ts';
import { whoIStheGOAT } from './who-is-the-goat.ts';

/** The tools that both echo services have. */
export const echoTools: readonly Tool<EchoCall>[] = [
  echo,
  printHeader,
  bearerDecode,
  authContext,
  requestTiming,
  corsAnalysis,
  environmentDump,
  healthProbe,
  sessionInfo,
  whoIStheGOAT,
];
