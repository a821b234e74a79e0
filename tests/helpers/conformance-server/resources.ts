/** The resources of the conformance server. */
import { PNG } from './media.ts';

export const resources = [
  { uri: 'test://static-text', name: 'Static text', mimeType: 'text/plain' },
  { uri: 'test://static-binary', name: 'Static binary', mimeType: 'image/png' },
  { uri: 'test://watched-resource', name: 'Watched resource', mimeType: 'text/plain' },
].map((resource) => ({ ...resource, description: `${resource.name} for tests` }));

export const templates = [
  {
    uriTemplate: 'test://template/{id}/data',
    name: 'Template',
    description: 'Data of an id',
    mimeType: 'application/json',
  },
];

/** @returns what `uri` holds, or undefined when there is no such resource */
export function read(
  uri: string,
): { mimeType: string; text: string } | { mimeType: string; blob: string } | undefined {
  const id = /^test:\/\/template\/([^/]+)\/data$/.exec(uri)?.[1];
  if (id !== undefined)
    return {
      mimeType: 'application/json',
      text: JSON.stringify({ id, templateTest: true, data: `Data for ID: ${id}` }),
    };
  switch (uri) {
    case 'test://static-text':
      return { mimeType: 'text/plain', text: 'This is the content of the static text resource.' };
    case 'test://static-binary':
      return { mimeType: 'image/png', blob: PNG };
    case 'test://watched-resource':
      return { mimeType: 'text/plain', text: 'This may change.' };
    default:
      return undefined;
  }
}
