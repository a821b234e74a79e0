/** `mcpgw services show`: one service of the catalog, without the values of its secrets. */
import { resolve } from 'node:path';
import { stringify } from 'yaml';
import { secretNames, type Service } from '../../runtime/config/catalog.ts';
import { parseEnvFile } from '../../runtime/config/env-file.ts';
import type { ServicesListFlags } from '../commands/services.ts';
import { EXIT, UserError } from '../errors.ts';
import { type GatewayFolder, openFolder } from '../gateway-folder.ts';
import { createOutput } from '../output.ts';
import { serviceRows } from '../service-rows.ts';

export function runServicesShow(name: string, flags: ServicesListFlags): void {
  const output = createOutput(flags);
  const gateway = openFolder(resolve(flags.dir));
  const service = serviceNamed(name, gateway);
  const row = serviceRows(gateway, process.env).find((each) => each.name === name);
  const kept = parseEnvFile(gateway.envText ?? '');
  const secrets = secretNames(service).map((secret) => ({
    name: secret,
    given: [process.env, kept].some((from) => Boolean(from[secret]) || Boolean(from[`${secret}_FILE`])),
  }));
  const place = row?.own === true ? `services/${name}.yaml` : "mcpgw's own";
  const lines = [
    output.style.bold(`${service.title} (${row?.status ?? 'disabled'}, ${place})`),
    ...secrets.map((secret) => `secret ${secret.name}: ${secret.given ? 'has a value' : 'has no value yet'}`),
    '',
    stringify(service, { lineWidth: 0 }).trimEnd(),
  ];
  output.result(lines.join('\n'), { ...row, service, secrets });
}

/** @throws UserError */
export function serviceNamed(name: string, { catalog }: GatewayFolder): Service {
  const service = catalog.services.get(name);
  if (service !== undefined) return service;
  throw new UserError(`there is no service ${name}; mcpgw services list shows all`, EXIT.usage);
}
