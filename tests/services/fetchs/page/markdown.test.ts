import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { pageToMarkdown } from '../../../../runtime/services/fetchs/page/markdown.ts';

const FOLDER = new URL('../../../fixtures/pages/', import.meta.url);
const pages = readdirSync(FOLDER).filter((name) => name.endsWith('.html'));

const markdownOf = (html: string) => pageToMarkdown(html, 'https://site.example/dir/page').markdown;

describe('Markdown of a page', () => {
  it.each(pages)('%s is as it was looked at', (name) => {
    const { title, markdown } = pageToMarkdown(
      readFileSync(new URL(name, FOLDER), 'utf8'),
      'https://site.example/dir/page',
    );
    const text = `${title}\n\n${markdown}\n`;
    const golden = new URL(name.replace('.html', '.md'), FOLDER);
    if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(golden, text);
    expect(text).toBe(readFileSync(golden, 'utf8'));
  });

  it.each([
    ['a piece', 'Hello <b>you</b>', 'Hello **you**'],
    ['a body without html', '<body><p>one<p>two', 'one\n\ntwo'],
    ['html without a body', '<html><p>one', 'one'],
    ['a list in a list', '<ul><li>a<ol start=9><li>b<li>c</ol><li>d</ul>', '- a\n  9. b\n  10. c\n- d'],
    ['text like Markdown', '<p>*a* _b_ [c](d) # e</p>', '\\*a\\* \\_b\\_ \\[c\\](d) # e'],
    ['a link into the page', '<a href="#x">y</a>', '[y](https://site.example/dir/page#x)'],
    ['a base', '<base href="/other/"><a href="x">y</a>', '[y](https://site.example/other/x)'],
    ['a base that is none', '<base href="javascript:1"><a href="x">y</a>', 'y'],
    ['a link of nothing', '<a href="x"><i></i></a>z', 'z'],
    ['a link that runs', '<a href=" java\nscript:alert(1)">y</a>', 'y'],
    ['an image in itself', 'a<img alt="logo" src="data:image/png;base64,AAAA">', 'alogo'],
    ['a link of one', '<a href="/"><img alt="Us" src="data:x">', '[Us](https://site.example/)'],
    ['a heading that links to itself', '<h2><a href="#a">§</a>A <a href="#a">¶</a></h2>', '## A'],
    ['what is raised', '10<sup>-6</sup> 1<sup>st</sup> x<sup>n</sup>', '10^-6 1st x^n'],
    ['what opens', '<details><summary>More</summary>text</details>', 'More\n\ntext'],
    ['what is hidden', '<p hidden>a</p><p aria-hidden="true">b</p><template>c</template>d', 'd'],
    ['nothing', '', ''],
  ])('of %s', (_, html, markdown) => expect(markdownOf(html)).toBe(markdown));

  it('of what is too large, too deep or too much for the libraries is its text', () => {
    const words = '<p>one</p><script>no</script><p>two <b>words</b></p>';
    for (const html of [
      words + '<br>'.repeat(130_000),
      words + '<div>'.repeat(500),
      words + '<div>'.repeat(500_000),
      words + `<p title="${' '.repeat(4_000_000)}">`,
    ]) {
      const text = markdownOf(html);
      expect(text).toMatch(/^one\s+two words/);
      expect(text).not.toContain('no');
    }
  });
});
