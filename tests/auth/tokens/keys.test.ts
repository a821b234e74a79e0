import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { loadKeySet } from '../../../runtime/auth/tokens/keys.ts';
import { createSealer } from '../../../runtime/auth/sealing.ts';
import { secretKey } from '../../../runtime/auth/secret-key.ts';
import { createMemoryStore } from '../../../runtime/store/memory.ts';
import type { Store } from '../../../runtime/store/store.ts';
import { createTestClock, ROOT_SECRET } from '../../helpers/oauth-server.ts';

const sealer = createSealer(secretKey(ROOT_SECRET, 'at-rest'));
const rsa = (bits: number) =>
  generateKeyPairSync('rsa', { modulusLength: bits })
    .privateKey.export({ type: 'pkcs8', format: 'pem' })
    .toString();

describe('invariant 9: signing keys', () => {
  it('are generated once, and the same for replicas that start together', async () => {
    const store = createMemoryStore();
    const sets = await Promise.all([1, 2, 3].map(() => loadKeySet({ store, sealer, now: Date.now })));
    expect(new Set(sets.map((set) => set.signing().kid)).size).toBe(1);
    expect(sets[0]?.jwks().keys).toHaveLength(1);
  });

  it('are seeded from the PEM, under the name of its thumbprint', async () => {
    const pem = rsa(2048);
    const load = (store: Store) => loadKeySet({ store, sealer, seedPrivateKeyPem: pem, now: Date.now });
    const [one, other] = await Promise.all([load(createMemoryStore()), load(createMemoryStore())]);
    expect(one.signing().kid).toBe(other.signing().kid);
    expect(one.signing().privateKey.export({ type: 'pkcs8', format: 'pem' })).toBe(pem);
  });

  it('lie sealed in the store, and the JWKS has public members only', async () => {
    const store = createMemoryStore();
    const keys = await loadKeySet({ store, sealer, now: Date.now });
    expect(JSON.stringify(await store.listKeys())).not.toContain('PRIVATE KEY');
    expect(Object.keys(keys.jwks().keys[0] ?? {}).sort()).toEqual(['alg', 'e', 'kid', 'kty', 'n', 'use']);
  });

  it('are refused with words when the root secret is another', async () => {
    const store = createMemoryStore();
    await loadKeySet({ store, sealer, now: Date.now });
    const other = createSealer(secretKey('another-root-secret-of-enough-length-0123', 'at-rest'));
    await expect(loadKeySet({ store, sealer: other, now: Date.now })).rejects.toThrow('GATEWAY_JWT_SECRET');
  });

  it('must be RSA of 2048 bits or more', async () => {
    const load = (pem: string) =>
      loadKeySet({ store: createMemoryStore(), sealer, seedPrivateKeyPem: pem, now: Date.now });
    const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
      .privateKey.export({ type: 'pkcs8', format: 'pem' })
      .toString();
    await expect(load(ec)).rejects.toThrow('RSA');
    await expect(load(rsa(1024))).rejects.toThrow('2048');
    await expect(load('nonsense')).rejects.toThrow('JWT_PRIVATE_KEY_B64');
  });

  it('that another replica added are found, without asking the store for every made-up name', async () => {
    const store = createMemoryStore();
    const clock = createTestClock();
    let lists = 0;
    // Of another process, that is not told.
    const deaf = {
      ...store,
      listKeys: () => (lists++, store.listKeys()),
      subscribe: () => () => undefined,
    };
    const keys = await loadKeySet({ store: deaf, sealer, now: clock.now });
    const rotating = await loadKeySet({ store, sealer, now: clock.now });
    await rotating.rotate({ atOnce: true });
    clock.advance(2_000);
    lists = 0;
    const { kid } = rotating.signing();
    expect(keys.known(kid)).toBeUndefined();
    expect(await keys.find(kid)).toBeDefined();
    expect(lists).toBe(1);
    for (let index = 0; index < 50; index++) await keys.find(`made-up-${index}`);
    expect(lists).toBeLessThanOrEqual(5);
    expect(keys.signing().kid).toBe(kid);
    expect(keys.jwks().keys).toHaveLength(2);
  });
});
