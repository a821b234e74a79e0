/** What the containers of a running stack may do, asked of Docker and from within them: invariant 14 of DESIGN.md. */
import { expect, it } from 'vitest';
import { docker } from '../cli/support/docker.ts';
import type { Stack } from '../helpers/stack.ts';

/** @param services that run, all of them */
export function itConfinesContainers(running: () => Stack, services: readonly string[]): void {
  it('runs no container with more rights than it needs', () => {
    const stack = running();
    const ids = Object.values(stack.containers());
    const inspected = JSON.parse(docker(['inspect', ...ids]).stdout) as Inspected[];
    const auth = stack.containersOf('auth').length;
    expect(inspected).toHaveLength(services.length + 2 + auth);
    for (const { Name, Config, HostConfig, Mounts } of inspected) {
      expect(Config.User, Name).toMatch(/^[1-9]\d*:[1-9]\d*$/);
      expect(HostConfig, Name).toMatchObject({ ReadonlyRootfs: true, Privileged: false, CapDrop: ['ALL'] });
      expect(HostConfig.CapAdd ?? [], Name).toEqual([]);
      expect(HostConfig.SecurityOpt, Name).toContain('no-new-privileges:true');
      expect(HostConfig.Memory, Name).toBeGreaterThan(0);
      expect(HostConfig.PidsLimit, Name).toBeGreaterThan(0);
      expect(JSON.stringify(Mounts), Name).not.toContain('docker.sock');
      const published = Object.values(HostConfig.PortBindings ?? {})
        .flat()
        .map(({ HostIp, HostPort }) => `${HostIp}:${HostPort}`);
      const own = [stack.httpPort, stack.port].map((port) => `${stack.address}:${port}`);
      expect(published.sort(), Name).toEqual(Name.includes('-traefik-') ? own.sort() : []);
    }
  });

  it('gives a service nothing to write to, no capability, and no way to its neighbours', async () => {
    const stack = running();
    const found = await Promise.all(
      services.map(async (service) => {
        const others = ['redis', 'auth', ...services.filter((name) => name !== service)];
        // By address: other networks' names are not known there, which is not what keeps them apart.
        const places = others.flatMap((name) =>
          stack.addresses(name).flatMap((address) => portsOf(name).map((port) => [address, port])),
        );
        const command = ['node', '-e', LOOK_AROUND, JSON.stringify(places)];
        const { stdout, stderr } = await stack.mcpgw('exec', service, '--', ...command);
        return [service, stdout === '' ? stderr : (JSON.parse(stdout) as object)];
      }),
    );
    const nothing = { writes: [], caps: '0000000000000000', root: false, open: [] };
    const knocked = { ...nothing, knocked: expect.any(Number) as number };
    expect(found).toEqual(services.map((service) => [service, knocked]));
  });
}

/** Where it listens; metrics are nothing for neighbours, either. */
function portsOf(service: string): number[] {
  return service === 'redis' ? [6379] : [8080, 9464];
}

/** Runs inside a container: what can be written, which capabilities there are, which of the places answer. */
const LOOK_AROUND = `
  const fs = require('fs'), net = require('net');
  const places = JSON.parse(process.argv[1]);
  if (places.length < 4) throw new Error('nowhere to knock');
  const writable = (path) => { try { fs.writeFileSync(path, 'x'); return true; } catch { return false; } };
  const writes = ['/x', '/opt/mcpgw/x', '/opt/server/x', '/etc/x', '/run/secrets/x', '/run/secrets/context_key'].filter(writable);
  const caps = /CapEff:\\s*(\\S+)/.exec(fs.readFileSync('/proc/self/status', 'utf8'))[1];
  const knock = ([host, port]) => new Promise((done) => {
    const socket = net.connect({ host, port, timeout: 2000 });
    socket.on('connect', () => done(host + ':' + port)).on('error', () => done()).on('timeout', () => done());
  });
  Promise.all(places.map(knock)).then((open) => {
    console.log(JSON.stringify({ writes, caps, root: process.getuid() === 0, open: open.filter(Boolean), knocked: places.length }));
    process.exit(0);
  });`;

interface Inspected {
  Name: string;
  Config: { User: string };
  HostConfig: {
    CapAdd: string[] | null;
    SecurityOpt: string[];
    Memory: number;
    PidsLimit: number;
    PortBindings: Record<string, { HostIp: string; HostPort: string }[]> | null;
  };
  Mounts: object[];
}
