/**
 * How the children of single services are run: `MCP_<SERVICE>_PROCESS` goes before the catalog's `process`, and
 * `MCP_<SERVICE>_SPARE_CHILDREN` before `MCP_SPARE_CHILDREN`.
 */
import type { z } from 'zod';
import { NOT_SHARED, PROCESS_MODELS, type ProcessModel, type Service } from './catalog.ts';
import type { Fault } from './faults.ts';
import { spareChildren } from './keys/mcp.ts';
import { enabledKey } from './schema.ts';

/** What `.env` says of one service's children; what it leaves out is the catalog's, or the same for all services. */
export interface ServiceProcess {
  model?: ProcessModel;
  spares?: number;
}

/** By service; one without settings of its own is not among them. */
export type ServiceProcesses = Record<string, ServiceProcess>;

/** @returns the keys of one service */
export function processKeys(service: string): { model: string; spares: string } {
  const prefix = enabledKey(service).replace(/_ENABLED$/, '');
  return { model: `${prefix}_PROCESS`, spares: `${prefix}_SPARE_CHILDREN` };
}

/** @param texts values as written; an empty one counts as not given */
export function parseProcesses(
  texts: Record<string, string>,
  services: Iterable<Pick<Service, 'name' | 'data'>>,
): { processes: ServiceProcesses; faults: Fault[] } {
  const processes: ServiceProcesses = {};
  const faults: Fault[] = [];
  for (const { name, data } of services) {
    const keys = processKeys(name);
    const own: ServiceProcess = {};
    const model = texts[keys.model];
    if (model === 'shared' && data === 'user')
      faults.push({ key: keys.model, problem: `cannot be shared: ${NOT_SHARED}`, example: 'user' });
    else if (isModel(model)) own.model = model;
    else if (model)
      faults.push({ key: keys.model, problem: `must be ${PROCESS_MODELS.join(', ')}`, example: 'session' });
    const spares = texts[keys.spares];
    const number = spares ? (spareChildren() as z.ZodType<number>).safeParse(spares) : undefined;
    if (number?.success === true) own.spares = number.data;
    else if (number !== undefined)
      faults.push({ key: keys.spares, problem: 'must be a whole number from 0 to 16', example: '1' });
    if (Object.keys(own).length > 0) processes[name] = own;
  }
  return { processes, faults };
}

function isModel(text: string | undefined): text is ProcessModel {
  return (PROCESS_MODELS as readonly (string | undefined)[]).includes(text);
}
