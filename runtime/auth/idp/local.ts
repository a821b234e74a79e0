import { isLoopbackHost, type Topology } from '../../config/topology.ts';
import type { LocalSettings } from '../settings.ts';
import type { LocalProvider } from './provider.ts';

/**
 * Signing in without proof of identity: for a gateway on the person's own machine.
 *
 * @throws Error when the gateway has a name that others reach, where this would let anybody in
 */
export function createLocalProvider(settings: LocalSettings, topology: Topology): LocalProvider {
  if (settings.loopbackOnly !== true && !isLoopbackHost(topology.domain)) {
    throw new Error(
      `Signing in without an identity provider is only for this machine (localhost), not for ${topology.domain}. Set GITHUB_CLIENT_ID and GITHUB_CLIENT_SECRET.`,
    );
  }
  const { userName } = settings;
  return {
    kind: 'local',
    id: 'local',
    title: 'this computer',
    admits: ({ name }) => name === userName,
    identity: { id: `local:${userName}`, issuer: 'local', subject: userName, name: userName, groups: [] },
  };
}
