import { describe, expect, it } from 'vitest';
import { listText } from '../../../cli/client/list.ts';
import { clientText } from '../../../cli/client/show.ts';
import type { ClientView } from '../../../runtime/embedded/admin.ts';

const client = (change: Partial<ClientView['metadata']> = {}): ClientView => ({
  client_id: 'qfPHDG1mS_Jgf_SGTbCHew',
  registered_at: '2026-11-24T06:50:41.000Z',
  expires_at: null,
  has_secret: true,
  metadata: {
    redirect_uris: ['http://127.0.0.1/a', 'https://example.com/b'],
    token_endpoint_auth_method: 'client_secret_basic',
    grant_types: ['authorization_code'],
    response_types: ['code'],
    scope: 'mcp:*',
    client_name: 'A client with a name that takes more than a column',
    ...change,
  },
});

describe('clients as text', () => {
  it('fit 80 columns, ids whole', () => {
    const text = listText([client()]);
    expect(text).toBe(
      [
        'CLIENT ID               NAME                    SECRET  REGISTERED  ENDS',
        'qfPHDG1mS_Jgf_SGTbCHew  A client with a name …  yes     2026-11-24  never',
      ].join('\n'),
    );
    expect(listText([])).toBe('');
  });

  it('show every member that was registered, and move no cursor', () => {
    const text = clientText(
      client({ client_uri: 'https://example.com', contacts: ['a@b.c', 'd\u001b[1me'] }),
      80,
    );
    expect(text).toMatch(/^client_uri +https:\/\/example\.com$/m);
    expect(text).toMatch(/^contacts +a@b\.c d \[1me$/m);
    expect(text).not.toMatch(/[^\P{Cc}\n]/u);
  });
});
