/** Results go to standard output, what is under way to standard error; `--json` and `--quiet` choose the form. */

export interface OutputFlags {
  json?: boolean;
  quiet?: boolean;
}

export interface Output {
  /** `--json`: standard output has one JSON value and nothing else. */
  readonly json: boolean;
  /** The result: `data` with `--json`, else `text`. */
  result(text: string, data: unknown): void;
  /** What a person wants to know beside the result; not with `--quiet` or `--json`. */
  note(text: string): void;
  /** Shown whatever the flags say. */
  warn(text: string): void;
  readonly style: Style;
}

export interface Style {
  bold: (text: string) => string;
  dim: (text: string) => string;
  red: (text: string) => string;
  green: (text: string) => string;
  yellow: (text: string) => string;
}

interface Sink {
  write(text: string): unknown;
  isTTY?: boolean;
}

/** @param environment `NO_COLOR` turns colour off (no-color.org), `FORCE_COLOR` on where there is no terminal */
export function createOutput(
  flags: OutputFlags,
  stdout: Sink = process.stdout,
  stderr: Sink = process.stderr,
  environment: Record<string, string | undefined> = process.env,
): Output {
  const json = flags.json === true;
  const quiet = flags.quiet === true;
  const say = (sink: Sink, text: string) => sink.write(text.endsWith('\n') ? text : `${text}\n`);
  return {
    json,
    style: styleFor(!json && wantsColor(stdout, environment)),
    result: (text, data) => {
      if (json) say(stdout, JSON.stringify(data, null, 2));
      else if (text !== '') say(stdout, text);
    },
    note: (text) => {
      if (!json && !quiet) say(stderr, text);
    },
    warn: (text) => say(stderr, `warning: ${text}`),
  };
}

function wantsColor(sink: Sink, environment: Record<string, string | undefined>): boolean {
  if (environment.NO_COLOR !== undefined && environment.NO_COLOR !== '') return false;
  if (environment.FORCE_COLOR !== undefined && environment.FORCE_COLOR !== '0') return true;
  return sink.isTTY === true && environment.TERM !== 'dumb';
}

function styleFor(color: boolean): Style {
  const paint = (code: number) => (text: string) => (color ? `\u001b[${code}m${text}\u001b[0m` : text);
  return { bold: paint(1), dim: paint(2), red: paint(31), green: paint(32), yellow: paint(33) };
}

/**
 * A table whose columns are as wide as their widest cell.
 * @param rows the first is the heading
 */
export function table(rows: string[][]): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  );
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
