/** Tables of data → tables of Markdown (GitHub's). Tables that only lay a page out give their contents, one behind the other. */
import type TurndownService from 'turndown';

interface Node {
  nodeName: string;
  parentNode: Node | null;
  childNodes: Iterable<Node>;
}

interface Shape {
  columns: number;
  /** Row that stands as the heading. */
  first: Node | undefined;
}

/** More columns than anybody reads, or fewer than a table has, are layout. */
const COLUMNS = { min: 2, max: 60 };

export function tables(turndown: TurndownService): void {
  const shapes = new WeakMap<object, Shape | undefined>();
  const shapeAround = (node: unknown): Shape | undefined => {
    let table = node as Node | null;
    while (table !== null && table.nodeName !== 'TABLE') table = table.parentNode;
    if (table === null) return undefined;
    if (!shapes.has(table)) shapes.set(table, shapeOf(table));
    return shapes.get(table);
  };
  turndown.addRule('cell', {
    filter: ['td', 'th'],
    replacement: (content, node) =>
      shapeAround(node) === undefined ? `\n\n${content.trim()}\n\n` : ` ${oneLine(content)} |`,
  });
  turndown.addRule('row', {
    filter: 'tr',
    replacement(content, node) {
      const row = node as unknown as Node;
      const shape = shapeAround(row);
      if (shape === undefined) return content;
      const missing = '  |'.repeat(shape.columns - cellsOf(row));
      const line = `|${content.trim() === '' ? '' : content}${missing}\n`;
      return row === shape.first ? `${line}|${' --- |'.repeat(shape.columns)}\n` : line;
    },
  });
  turndown.addRule('rows', { filter: ['thead', 'tbody', 'tfoot'], replacement: (content) => content });
  turndown.addRule('table', { filter: 'table', replacement: (content) => `\n\n${content.trim()}\n\n` });
  turndown.addRule('caption', { filter: 'caption', replacement: (content) => `\n\n${oneLine(content)}\n\n` });
}

function oneLine(content: string): string {
  return content
    .trim()
    .replace(/\s*\n\s*/g, ' ')
    .replaceAll('|', '\\|');
}

function cellsOf(row: Node): number {
  return [...row.childNodes].filter(({ nodeName }) => nodeName === 'TD' || nodeName === 'TH').length;
}

/** @returns undefined for a table that is layout */
function shapeOf(table: Node): Shape | undefined {
  const rows: Node[] = [];
  let nested = false;
  const walk = (node: Node): void => {
    for (const child of node.childNodes) {
      if (child.nodeName === 'TABLE') nested = true;
      if (child.nodeName === 'TR') rows.push(child);
      walk(child);
    }
  };
  walk(table);
  const columns = rows.reduce((most, row) => Math.max(most, cellsOf(row)), 0);
  if (nested || columns < COLUMNS.min || columns > COLUMNS.max) return undefined;
  return { columns, first: rows[0] };
}
