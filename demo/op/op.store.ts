import type { Adapter, AdapterPayload } from 'oidc-provider';

interface Entry {
  readonly payload: AdapterPayload;
  readonly expiresAt: number;
}

/**
 * What one development OP remembers, in memory and gone with the process.
 *
 * The package's own adapter keeps 1,000 entries and forgets the oldest; a load test would see live
 * refresh tokens disappear. This one keeps everything until it expires.
 */
export class OpStore {
  private readonly entries = new Map<string, Entry>();
  private readonly uids = new Map<string, string>();

  /** One adapter per model of oidc-provider ('Session', 'RefreshToken', 'Client', …). */
  readonly adapter = (model: string): Adapter => ({
    upsert: async (id, payload, expiresIn) => {
      this.put(`${model}:${id}`, payload, expiresIn);
      if (payload.uid !== undefined) this.uids.set(`${model}:${payload.uid}`, `${model}:${id}`);
    },
    find: async (id) => this.get(`${model}:${id}`),
    findByUid: async (uid) => this.get(this.uids.get(`${model}:${uid}`) ?? ''),
    findByUserCode: async () => undefined,
    consume: async (id) => this.consume(`${model}:${id}`),
    destroy: async (id) => void this.entries.delete(`${model}:${id}`),
    revokeByGrantId: async (grantId) => this.revoke(model, grantId),
  });

  /** Drops every entry of one model, e.g. all 'RefreshToken's, as a provider does that lost its database. */
  clear(model: string): void {
    for (const key of this.entries.keys())
      if (key.startsWith(`${model}:`)) this.entries.delete(key);
  }

  /** Drops whatever was issued under one session of the OP, named by its uid. */
  endSession(uid: string): void {
    for (const [key, { payload }] of this.entries) {
      if (payload.sessionUid === uid) this.entries.delete(key);
    }
  }

  put(key: string, payload: AdapterPayload, expiresIn?: number): void {
    if (this.entries.size % 500 === 499) this.prune();
    const expiresAt = expiresIn === undefined ? Infinity : Date.now() + expiresIn * 1000;
    this.entries.set(key, { payload, expiresAt });
  }

  private get(key: string): AdapterPayload | undefined {
    const entry = this.entries.get(key);
    return entry === undefined || entry.expiresAt <= Date.now() ? undefined : entry.payload;
  }

  private consume(key: string): void {
    const entry = this.entries.get(key);
    if (entry === undefined) return;
    const consumed = Math.floor(Date.now() / 1000);
    this.entries.set(key, { ...entry, payload: { ...entry.payload, consumed } });
  }

  private revoke(model: string, grantId: string): void {
    for (const [key, { payload }] of this.entries) {
      if (key.startsWith(`${model}:`) && payload.grantId === grantId) this.entries.delete(key);
    }
  }

  private prune(): void {
    const now = Date.now();
    for (const [key, entry] of this.entries) if (entry.expiresAt <= now) this.entries.delete(key);
    for (const [uid, key] of this.uids) if (!this.entries.has(key)) this.uids.delete(uid);
  }
}
