/** The titles of the tests in a file, read from its source. */
import ts from 'typescript';

/**
 * @param source TypeScript of a test file
 * @returns the titles of its tests as written, with the placeholders of `it.each`; `it.skip` and `it.todo` prove nothing
 */
export function titlesOf(source: string): string[] {
  const titles: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && isTest(node.expression)) {
      const title = node.arguments[0];
      if (title !== undefined && ts.isStringLiteralLike(title)) titles.push(title.text);
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile('test.ts', source, ts.ScriptTarget.Latest));
  return titles;
}

/** `it(…)`, `it.each(…)(…)`, `it.skipIf(…)(…)`, and the same of `test`. */
function isTest(callee: ts.Expression): boolean {
  if (ts.isIdentifier(callee)) return ['it', 'test'].includes(callee.text);
  if (!ts.isCallExpression(callee) || !ts.isPropertyAccessExpression(callee.expression)) return false;
  const { expression, name } = callee.expression;
  return ['each', 'for', 'skipIf'].includes(name.text) && isTest(expression);
}
