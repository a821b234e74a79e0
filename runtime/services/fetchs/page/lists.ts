/** Lists without the spaces that Markdown does not need: models pay for each. */
import type TurndownService from 'turndown';

interface List {
  nodeName: string;
  children: Iterable<object>;
  getAttribute(name: string): string | null;
}

export function lists(turndown: TurndownService): void {
  const numbers = new WeakMap<object, number>();
  const numberOf = (item: object, list: List): number => {
    // All of a list at once: looking for each in its list takes ever longer.
    if (!numbers.has(item)) {
      let number = Number.parseInt(list.getAttribute('start') ?? '1', 10) || 1;
      for (const child of list.children) numbers.set(child, number++);
    }
    return numbers.get(item) ?? 1;
  };
  turndown.addRule('item', {
    filter: 'li',
    replacement(content, node) {
      const item = node as unknown as { parentNode: List };
      const list = item.parentNode;
      const prefix = list.nodeName === 'OL' ? `${numberOf(item, list)}. ` : '- ';
      return `${prefix}${content.trim().replaceAll('\n', `\n${' '.repeat(prefix.length)}`)}\n`;
    },
  });
}
