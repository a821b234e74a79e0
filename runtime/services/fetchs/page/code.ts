/** Code as it was written: whatever marks it up for the eye is no Markdown, and neither are its stars and underscores. */
import type TurndownService from 'turndown';

interface Node {
  nodeName: string;
  className: string;
  textContent: string;
  parentNode: Node | null;
  querySelector(selector: string): Node | null;
}

export function code(turndown: TurndownService): void {
  turndown.addRule('pre', {
    filter: 'pre',
    replacement(_content, node) {
      const pre = node as unknown as Node;
      const text = pre.textContent.replace(/^\n/, '').trimEnd();
      const fence = '`'.repeat(Math.max(3, longestRun(text) + 1));
      return text === '' ? '' : `\n\n${fence}${languageOf(pre)}\n${text}\n${fence}\n\n`;
    },
  });
  turndown.addRule('inline code', {
    filter: ['code', 'kbd', 'samp', 'tt'],
    replacement(_content, node) {
      const text = (node as unknown as Node).textContent.replace(/\s+/g, ' ').trim();
      const fence = '`'.repeat(longestRun(text) + 1);
      const space = text.startsWith('`') || text.endsWith('`') ? ' ' : '';
      return text === '' ? '' : fence + space + text + space + fence;
    },
  });
}

function longestRun(text: string): number {
  let longest = 0;
  for (const [run] of text.matchAll(/`+/g)) longest = Math.max(longest, run.length);
  return longest;
}

/** As highlighters say it: `language-x` on the code or around it, `highlight-x` or `highlight-source-x` around it. */
function languageOf(pre: Node): string {
  const around = [pre.querySelector('code'), pre, pre.parentNode, pre.parentNode?.parentNode];
  for (const node of around) {
    const name = /(?:^|\s)(?:language|lang|highlight(?:-source)?)-([\w+#.]{1,20})/.exec(
      node?.className ?? '',
    )?.[1];
    if (name !== undefined) return name === 'default' || name === 'none' ? '' : name;
  }
  return '';
}
