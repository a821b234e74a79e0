import type { Command } from 'commander';
import { addRegister } from './register.ts';

export interface ClientFlags {
  dir: string;
  json?: boolean;
  quiet?: boolean;
}

export interface ClientDeleteFlags extends ClientFlags {
  yes?: boolean;
}

/** `mcpgw client`: the OAuth clients of a gateway that runs. */
export function registerClient(program: Command): void {
  const client = program
    .command('client')
    .summary('register, list, show and delete OAuth clients')
    .description(
      'The OAuth clients of the gateway that runs in this folder: mcpgw dev, or the Compose stack.',
    )
    .helpCommand(false);
  addRegister(client);
  inFolder(
    client
      .command('list')
      .summary('list the clients')
      .description(
        'Lists the clients that are registered, newest first. Those that are the URL of a metadata document do not register.',
      ),
  ).action(async (_flags: ClientFlags, self: Command) => {
    const { runClientList } = await import('../../client/list.ts');
    await runClientList(self.optsWithGlobals<ClientFlags>());
  });
  inFolder(
    client
      .command('show')
      .summary('show a client')
      .description(
        'Shows what a client registered; of one that is the URL of its metadata document, what that said.',
      )
      .argument('<id>'),
  ).action(async (id: string, _flags: ClientFlags, self: Command) => {
    const { runClientShow } = await import('../../client/show.ts');
    await runClientShow(id, self.optsWithGlobals<ClientFlags>());
  });
  inFolder(
    client
      .command('delete')
      .summary('delete a client')
      .description(
        'Deletes a client and ends all of its tokens. Of one that is the URL of its metadata document, it ends the tokens and what people agreed to.',
      )
      .argument('<id>')
      .option('-y, --yes', 'do not ask'),
  ).action(async (id: string, _flags: ClientDeleteFlags, self: Command) => {
    const { runClientDelete } = await import('../../client/delete.ts');
    await runClientDelete(id, self.optsWithGlobals<ClientDeleteFlags>());
  });
}

function inFolder(command: Command): Command {
  return command.option('--dir <folder>', 'folder of the gateway', '.');
}
