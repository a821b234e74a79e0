/** What is under way, on standard error: a table that is drawn anew on a terminal, lines where there is none. */
import type { ServiceStatus } from '../compose/containers.ts';
import { paintState, stateText } from '../compose/state-text.ts';
import type { Style } from '../output.ts';

export interface Progress {
  /** Something is done; the line stays. */
  done(text: string): void;
  /** What is going on just now. */
  activity(text: string): void;
  services(statuses: ServiceStatus[]): void;
  /** Takes away what is not to stay. */
  end(): void;
}

export const silentProgress: Progress = {
  done: () => undefined,
  activity: () => undefined,
  services: () => undefined,
  end: () => undefined,
};

const TRANSIENT = new Set<ServiceStatus['state']>(['missing', 'waiting', 'stopped']);

/** A line whenever something changes. */
export function lineProgress(write: (line: string) => void, style: Style): Progress {
  const last = new Map<string, string>();
  let lastActivity = '';
  return {
    done: write,
    // The first words say what it is; what follows changes too often for lines.
    activity: (text) => {
      const what = text.split(': ')[0] as string;
      if (what !== lastActivity) write(`${what} …`);
      lastActivity = what;
    },
    services: (statuses) => {
      for (const status of statuses) {
        const text = stateText(status);
        const before = last.get(status.service);
        last.set(status.service, text);
        // What is as it should from the start, and the way there, is not worth a line.
        const news = before !== undefined || status.state !== 'healthy';
        if (before === text || !news || TRANSIENT.has(status.state)) continue;
        write(`  ${status.service.padEnd(20)} ${paintState(style, status)(text)}`);
      }
    },
    end: () => undefined,
  };
}

interface Terminal {
  write(text: string): unknown;
  columns?: number;
  rows?: number;
}

/** Redraws in place. */
export function terminalProgress(terminal: Terminal, style: Style, now: () => number = Date.now): Progress {
  let drawn = 0;
  const begun = now();
  const erase = () => {
    if (drawn > 0) terminal.write(`\u001b[${drawn}A\u001b[J`);
    drawn = 0;
  };
  const draw = (lines: string[]) => {
    erase();
    const shown = lines.slice(0, Math.max(1, (terminal.rows ?? 24) - 2));
    terminal.write(shown.map((line) => `${line}\n`).join(''));
    drawn = shown.length;
  };
  const elapsed = () => `${Math.round((now() - begun) / 1_000)} s`;
  const clip = (text: string) => text.slice(0, (terminal.columns ?? 80) - 1);
  return {
    done: (text) => {
      erase();
      terminal.write(`${text}\n`);
    },
    activity: (text) => draw([style.dim(clip(`${elapsed().padStart(5)}  ${text}`))]),
    services: (statuses) => {
      const rows = statuses.map((status) => {
        const replicas = status.wanted > 1 ? `${status.ready}/${status.wanted}` : '';
        return `  ${paintState(style, status)('●')} ${status.service.padEnd(20)} ${replicas.padEnd(4)} ${paintState(style, status)(stateText(status))}`;
      });
      draw([...rows, style.dim(`${elapsed().padStart(5)}  waiting until everything is healthy`)]);
    },
    end: erase,
  };
}
