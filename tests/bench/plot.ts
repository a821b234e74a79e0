/** Bars as a small SVG, readable on light and on dark pages. */

export interface Panel {
  title: string;
  /** Which is better: that of longer bars, or of shorter ones. */
  better: 'more' | 'less';
  bars: { name: string; value: number; ours?: boolean }[];
}

const WIDTH = 640;
const NAMES = 190;
const VALUES = 70;
const ROW = 18;
const HEAD = 30;

const STYLE = `
text { font: 12px system-ui, sans-serif; fill: #1f2328; }
.title { font-weight: 600; }
.value { font-variant-numeric: tabular-nums; }
rect { fill: #8c959f; }
.ours { fill: #0969da; }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3; }
  rect { fill: #6e7681; }
  .ours { fill: #4493f8; }
}`;

/** @returns an SVG document; panels without bars are left out */
export function barChart(panels: Panel[]): string {
  const parts: string[] = [];
  let y = 8;
  for (const { title, better, bars } of panels) {
    if (bars.length === 0) continue;
    const arrow = better === 'more' ? 'more is better' : 'less is better';
    parts.push(`<text class="title" x="8" y="${y + 14}">${escape(title)} (${arrow})</text>`);
    y += HEAD - 8;
    const most = Math.max(...bars.map(({ value }) => value));
    for (const { name, value, ours } of bars) {
      const length = Math.max(1, ((WIDTH - NAMES - VALUES) * value) / most);
      parts.push(
        `<text x="${NAMES - 8}" y="${y + 13}" text-anchor="end">${escape(name)}</text>`,
        `<rect${ours === true ? ' class="ours"' : ''} x="${NAMES}" y="${y + 3}" width="${length.toFixed(1)}" height="${ROW - 6}" rx="2"/>`,
        `<text class="value" x="${(NAMES + length + 6).toFixed(1)}" y="${y + 13}">${show(value)}</text>`,
      );
      y += ROW;
    }
    y += 12;
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${y}" viewBox="0 0 ${WIDTH} ${y}">\n<style>${STYLE}\n</style>\n${parts.join('\n')}\n</svg>\n`;
}

function show(value: number): string {
  return value >= 10 ? Math.round(value).toLocaleString('en-US') : value.toFixed(1);
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
