import { FixedClock } from '../../../test/support/fixed-clock.js';
import { bytesKeptFor } from '../../../test/support/kept-memory.js';
import { identityRecord, storeKey } from '../../../test/support/store-records.js';
import { NearCache } from './near-cache.js';

const LIFE_MS = 5_000;
const MINUTE_MS = 60_000;

let clock: FixedClock;
let near: NearCache;
let key: string;
let asked: number;

/** Redis answers at once; the record lives for a minute. */
function record(more: { readonly idleDeadline?: number } = {}): Buffer {
  return identityRecord({ idleDeadline: clock.now() + MINUTE_MS, ...more });
}

async function read(bytes: Buffer | undefined = record()): Promise<Buffer | undefined> {
  return near.read(key, async () => {
    asked += 1;
    return bytes;
  });
}

/** A read whose answer comes when it is let go. */
function slowRead(bytes: Buffer = record()) {
  let answer!: () => void;
  const until = new Promise<void>((resolve) => {
    answer = resolve;
  });
  const reading = near.read(key, async () => {
    asked += 1;
    await until;
    return bytes;
  });
  return { answer, reading };
}

beforeEach(() => {
  clock = new FixedClock();
  near = new NearCache(LIFE_MS, clock);
  near.arm();
  key = storeKey();
  asked = 0;
});

describe('a session that was read', () => {
  it('is known without asking again, for the time that was set and no longer', async () => {
    const first = await read();
    clock.advance(LIFE_MS - 1);
    expect(await read()).toEqual(first);
    expect(asked).toBe(1);
    clock.advance(1);
    await read();
    expect(asked).toBe(2);
  });

  it('keeps no bytes alive beside its own', async () => {
    const kept = await bytesKeptFor(300, async () => {
      await near.read(storeKey(), async () => record());
    });
    expect(kept).toBeLessThan(1_024);
  });

  it('is as old as the question, not as the answer', async () => {
    const { answer, reading } = slowRead();
    clock.advance(LIFE_MS);
    answer();
    await reading;
    await read();
    expect(asked).toBe(2);
  });

  it('is asked for again when its idle deadline has passed: another process may have moved it', async () => {
    await read(record({ idleDeadline: clock.now() + 100 }));
    clock.advance(99);
    await read();
    expect(asked).toBe(1);
    clock.advance(1);
    await read();
    expect(asked).toBe(2);
  });

  it('is asked for again when the clock was set back', async () => {
    await read();
    clock.advance(-MINUTE_MS);
    await read();
    expect(asked).toBe(2);
  });

  it('is asked for again when it ended or changed', async () => {
    await read();
    near.drop(key);
    await read();
    expect(asked).toBe(2);
  });

  it('is not remembered when there was none, or no record', async () => {
    for (const nothing of [undefined, Buffer.alloc(3)]) {
      await near.read(key, async () => nothing);
      expect(await read()).toBeDefined();
      near.drop(key);
    }
    expect(asked).toBe(2);
  });

  it('holds nothing of the buffer that it came in', async () => {
    const came = Buffer.concat([record(), Buffer.alloc(64 * 1024)]);
    await near.read(key, async () => came.subarray(0, 65));
    const kept = await read();
    expect(kept?.buffer.byteLength).toBeLessThan(came.length);
  });
});

describe('a message that comes before the answer which it makes old', () => {
  it('keeps that answer from being remembered', async () => {
    const { answer, reading } = slowRead();
    near.drop(key);
    answer();
    await reading;
    await read();
    expect(asked).toBe(2);
  });

  it('does so for each of several reads, whichever is answered first', async () => {
    const early = slowRead();
    near.drop(key);
    const late = slowRead();
    early.answer();
    await early.reading;
    await read();
    expect(asked).toBe(3);
    late.answer();
    await late.reading;
  });

  it('keeps it from being remembered also when the subscription went and came back', async () => {
    const { answer, reading } = slowRead();
    near.disarm();
    near.arm();
    answer();
    await reading;
    await read();
    expect(asked).toBe(2);
  });
});

describe('without a subscription', () => {
  it('nothing is known, not what was known before either', async () => {
    await read();
    near.disarm();
    await read();
    await read();
    near.arm();
    await read();
    await read();
    expect(asked).toBe(4);
  });
});

describe('a question that fails', () => {
  it('fails for who asked, and is asked again', async () => {
    await expect(near.read(key, () => Promise.reject(new Error('away')))).rejects.toThrow('away');
    await read();
    await read();
    expect(asked).toBe(1);
  });
});

describe('a message that comes in the same turn of the event loop as a request', () => {
  it('counts, though the request was read first', async () => {
    await read();
    const reading = read();
    near.drop(key);
    await reading;
    expect(asked).toBe(2);
  });
});
