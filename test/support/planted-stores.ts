import type { MemoryStore } from '../../src/store/memory/memory.store.js';
import type { IndexEntry, NewSession, Store, StoreKey } from '../../src/store/store.port.js';
import type { Interleaver } from './interleaver.js';

/** A shared store in memory with some of its commands replaced. */
export type Plant = (memory: MemoryStore, interleaver: Interleaver) => Partial<Store>;

export function planted(store: Store, replaced: Partial<Store>): Store {
  return new Proxy(store, {
    get: (target, name): unknown => {
      const member: unknown = Reflect.get(replaced, name) ?? Reflect.get(target, name);
      return typeof member === 'function'
        ? (...args: unknown[]): unknown => Reflect.apply(member, target, args)
        : member;
    },
  });
}

const enter = (memory: MemoryStore, entries: readonly IndexEntry[], key: StoreKey): void => {
  for (const entry of entries) memory['sessions']['indexes'].add(entry, key);
};

/** As on Redis: a session is created in two steps, and those who come in between see the first. */
export const indexFirst: Plant = (memory, interleaver) => ({
  create: async (key, session) => {
    enter(memory, session.indexes, key);
    await interleaver.midway();
    return memory.create(key, { ...session, indexes: [] });
  },
});

/** The first bug: the session is there before its index knows of it. */
export const indexAfterSession: Plant = (memory, interleaver) => ({
  create: async (key, session) => {
    const outcome = await memory.create(key, { ...session, indexes: [] });
    await interleaver.midway();
    enter(memory, session.indexes, key);
    return outcome;
  },
});

/** The second bug, as most session stores for Redis have it: SET, whatever is there or is not there any more. */
export const unconditionalWrites: Plant = (memory, interleaver) => {
  const known = new Map<StoreKey, NewSession>();
  const set = (key: StoreKey, session: NewSession): void => {
    const { identity, tokens, device } = session;
    const records = { identity, tokens, device, indexes: [] };
    memory['sessions']['sessions'].set(key, records, session.ttlMs);
  };
  const { create } = indexFirst(memory, interleaver);
  return {
    create: async (key, session) => {
      known.set(key, session);
      return create === undefined ? 'exists' : create(key, session);
    },
    writeTokens: async (key, _expected, tokens) => {
      const session = known.get(key);
      if (session === undefined) return 'gone';
      set(key, { ...session, tokens });
      return 'written';
    },
    extendIdle: async (key, _deadline, ttlMs) => {
      const session = known.get(key);
      if (session === undefined) return false;
      set(key, { ...session, ttlMs });
      return true;
    },
  };
};

/**
 * The third bug: a tombstone before the deletion. In one atomic step nobody could tell; as two steps, the
 * tombstone tells a second end that there is nothing left to do, and it is acknowledged too early.
 */
export const tombstoneBeforeDelete: Plant = (memory, interleaver) => {
  const tombstones = new Set<StoreKey>();
  const end: Store['end'] = async (key, reason, tombstoneMs) => {
    if (tombstones.has(key)) return false;
    tombstones.add(key);
    await interleaver.midway();
    return memory.end(key, reason, tombstoneMs);
  };
  return {
    ...indexFirst(memory, interleaver),
    end,
    endMany: async (keys, reason, tombstoneMs) => {
      const ended = await Promise.all(keys.map((key) => end(key, reason, tombstoneMs)));
      return ended.filter(Boolean).length;
    },
  };
};

/** A bug that we had: a list prunes what has no session, and so a login that is in the index already. */
export const pruningOnSuspicion: Plant = (memory, interleaver) => ({
  ...indexFirst(memory, interleaver),
  readTombstone: async () => 'logout',
});

/** The sixth bug: what was read is kept, and no message says that it is old. */
export const deafCopies: Plant = (memory, interleaver) => {
  const copies = new Map<StoreKey, Buffer>();
  return {
    ...indexFirst(memory, interleaver),
    readIdentity: async (key) => {
      const read = copies.get(key) ?? (await memory.readIdentity(key));
      if (read !== undefined) copies.set(key, read);
      return read;
    },
  };
};
