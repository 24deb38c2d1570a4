import type { AuditLog } from '../audit/audit-log.js';
import type { ProviderRegistry } from '../provider/provider-registry.js';
import { VestibuleError } from '../errors/vestibule.error.js';
import type { Store } from '../store/store.port.js';
import { Readiness } from './readiness.js';

const up = { ping: async () => undefined, warnings: async () => ['no AOF'] };
const down = {
  ping: () => Promise.reject(new VestibuleError('store_unavailable')),
  warnings: () => Promise.reject(new Error('asked a store that is down')),
};

function readiness(store: object, known = true, audit: AuditLog['state'] = 'off'): Readiness {
  const providers = { all: [{ config: { id: 'google' }, known }] };
  return new Readiness(store as Store, providers as unknown as ProviderRegistry, {
    state: audit,
    write: () => undefined,
  });
}

describe('readiness', () => {
  it('is green while the store answers, and tells what to change', async () => {
    await expect(readiness(up).report()).resolves.toEqual({
      status: 'ready',
      draining: false,
      store: 'up',
      providers: { google: 'known' },
      audit: 'off',
      warnings: ['no AOF'],
    });
  });

  it('is red without the store (P-41)', async () => {
    await expect(readiness(down).report()).resolves.toMatchObject({
      status: 'not ready',
      store: 'down',
      warnings: [],
    });
  });

  it('stays green while audit lines cannot be written, and says so: a full disk logs nobody out', async () => {
    await expect(readiness(up, true, 'failing').report()).resolves.toMatchObject({
      status: 'ready',
      audit: 'failing',
    });
  });

  it('stays green without the provider: sessions that are there work', async () => {
    await expect(readiness(up, false).report()).resolves.toMatchObject({
      status: 'ready',
      providers: { google: 'unknown' },
    });
  });

  it('stays green when only the warnings cannot be had', async () => {
    const report = await readiness({ ...up, warnings: down.warnings }).report();
    expect(report).toMatchObject({ status: 'ready', warnings: [] });
  });

  it('is red once it drains, and there is no way back', async () => {
    const one = readiness(up);
    expect(one.isDraining).toBe(false);
    one.drain();
    expect(one.isDraining).toBe(true);
    await expect(one.report()).resolves.toMatchObject({
      status: 'not ready',
      draining: true,
      store: 'up',
    });
  });
});
