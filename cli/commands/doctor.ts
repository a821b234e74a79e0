import type { Command } from 'commander';
import { repeated } from '../net/repeated.ts';

export interface DoctorFlags {
  dir: string;
  resolve: string[];
  json?: boolean;
  quiet?: boolean;
}

/** `mcpgw doctor`: before `up`. */
export function registerDoctor(program: Command): void {
  program
    .command('doctor')
    .summary('check this machine before up')
    .description(
      'Checks what mcpgw up needs: Docker, ports, networks, memory, disk, DNS, the clock, GitHub. Each problem comes with ' +
        'what to do about it. Exit code 1 when anything has to be put right first.',
    )
    .option('--dir <folder>', 'folder of the gateway', '.')
    .option(
      '--resolve <host:port:address>',
      'where a name leads, instead of what DNS says; may be repeated',
      repeated,
      [],
    )
    .action(async (_flags: DoctorFlags, self: Command) => {
      const { runDoctor } = await import('../doctor/run.ts');
      await runDoctor(self.optsWithGlobals<DoctorFlags>());
    });
}
