import type { Catalog } from '../../runtime/config/catalog.ts';
import { enabledKey } from '../../runtime/config/schema.ts';
import { type Answers, enabledTexts } from '../init/answers.ts';
import type { Asker } from './asker.ts';

/** Longest name and hint together that clack leaves on one line of 80 columns. */
const NAME_AND_HINT = 62;

/** Which MCP services; planned ones are not offered. */
export async function askServices(asker: Asker, answers: Answers, catalog: Catalog): Promise<void> {
  const keys = [...catalog.services.keys()].map(enabledKey);
  if (keys.every((key) => answers.decided.has(key))) return;
  const usable = [...catalog.services.values()].filter(({ planned }) => !planned);
  const isOn = (name: string, fallback: boolean) => {
    const text = answers.texts[enabledKey(name)];
    return text === undefined || text === '' ? fallback : /^(?:true|1|yes|on)$/i.test(text.trim());
  };
  const names = await asker.several({
    message: 'Services (space to toggle, enter when done)',
    initial: usable.filter((service) => isOn(service.name, service.default)).map(({ name }) => name),
    choices: usable.map(({ name, description }) => ({
      value: name,
      label: name,
      hint: shorten(description, NAME_AND_HINT - name.length),
    })),
  });
  Object.assign(answers.texts, enabledTexts(names, catalog));
}

function shorten(text: string, length: number): string {
  const plain = text.replace(/\.$/, '');
  return plain.length <= length ? plain : `${plain.slice(0, length - 1).trimEnd()}…`;
}
