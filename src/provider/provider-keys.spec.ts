import { jwtVerify } from 'jose';
import { FixedClock } from '../../test/support/fixed-clock.js';
import { JsonServer } from '../../test/support/json-server.js';
import { providerConfig } from '../../test/support/provider-config.js';
import { RecordedEvents } from '../../test/support/recorded-events.js';
import { newSigningKey, publicKeys, type SigningKey } from '../../test/support/signing-key.js';
import { createProviderFetch } from './provider-fetch.js';
import { ProviderKeys } from './provider-keys.js';

const first = newSigningKey('a');
const second = newSigningKey('b');
const sameName = newSigningKey('a');

let server: JsonServer;
let clock: FixedClock;
let log: RecordedEvents;
let keys: ProviderKeys;

beforeAll(async () => {
  server = await JsonServer.start();
});
afterAll(() => server.stop());
beforeEach(() => {
  server.asked.length = 0;
  clock = new FixedClock();
  log = new RecordedEvents();
  keys = new ProviderKeys(
    providerConfig({ timeoutMs: 1_000 }),
    createProviderFetch({}),
    clock,
    log,
  );
  publish(first);
});

function publish(...published: SigningKey[]): void {
  server.answerJson(publicKeys(published));
}

async function verify(by: SigningKey): Promise<unknown> {
  const token = by.sign({ sub: 'user' });
  const { payload } = await keys.verifyWith(`${server.origin}/jwks`, (resolve) =>
    jwtVerify(token, resolve, { algorithms: ['RS256'] }),
  );
  return payload.sub;
}

describe('fetching', () => {
  it('happens at the first token and then not for five minutes', async () => {
    await verify(first);
    clock.advance(299_999);
    await verify(first);
    expect(server.asked).toEqual(['GET /jwks']);
    clock.advance(1);
    await verify(first);
    expect(server.asked).toHaveLength(2);
  });

  it('happens once for fifty tokens at a time, however slow it is (R-21, D-31)', async () => {
    server.answerWith((_req, res) => {
      const keySet = JSON.stringify(publicKeys([first]));
      setTimeout(() => res.writeHead(200).end(keySet), 50);
    });
    const all = await Promise.all(Array.from({ length: 50 }, () => verify(first)));
    expect(new Set(all)).toEqual(new Set(['user']));
    expect(server.asked).toHaveLength(1);
  });

  it.each([
    ['refuses', 500, { error: 'x' }],
    ['answers with something else', 200, { keys: 'none' }],
    ['redirects', 302, {}],
  ])('fails with provider_unreachable when the endpoint %s', async (_what, status, body) => {
    server.answerJson(body, status);
    await expect(verify(first)).rejects.toMatchObject({ code: 'provider_unreachable' });
    expect(log.count('provider.keys_failed')).toBe(1);
  });

  it('ends after the time limit when the endpoint hangs', async () => {
    const impatient = new ProviderKeys(
      providerConfig({ timeoutMs: 50 }),
      createProviderFetch({}),
      clock,
      log,
    );
    server.answerWith(() => undefined);
    await expect(
      impatient.verifyWith(`${server.origin}/jwks`, () => Promise.resolve()),
    ).rejects.toMatchObject({ code: 'provider_unreachable' });
  });

  it('is tried again after a failure', async () => {
    server.answerJson({}, 500);
    await expect(verify(first)).rejects.toMatchObject({ code: 'provider_unreachable' });
    publish(first);
    await expect(verify(first)).resolves.toBe('user');
  });
});

describe('while the endpoint fails', () => {
  it('keeps the last good keys, and does not ask with every token (R-20, ATK-98)', async () => {
    await verify(first);
    server.answerJson({}, 500);
    clock.advance(300_000);
    for (let at = 0; at < 10; at += 1) await expect(verify(first)).resolves.toBe('user');
    expect(server.asked).toHaveLength(2);
    clock.advance(5_000);
    await expect(verify(first)).resolves.toBe('user');
    expect(server.asked).toHaveLength(3);
  });
});

describe('a token that no key verifies', () => {
  it('is refused at once where the keys were fetched for it: they cannot be older than it (F-24)', async () => {
    await expect(verify(second)).rejects.toMatchObject({ code: 'ERR_JWKS_NO_MATCHING_KEY' });
    expect(server.asked).toHaveLength(1);
    publish(second);
    await expect(verify(second)).resolves.toBe('user');
    expect(server.asked).toHaveLength(2);
  });

  it('may have been signed while others waited for the keys already: then they are fetched again', async () => {
    const arrived = new Promise<() => void>((resolve) => {
      server.answerWith((_req, res) =>
        resolve(() => void res.end(JSON.stringify(publicKeys([first])))),
      );
    });
    const waiting = verify(first);
    const release = await arrived;
    publish(second);
    const late = verify(second);
    release();
    await expect(waiting).resolves.toBe('user');
    await expect(late).resolves.toBe('user');
    expect(server.asked).toHaveLength(2);
  });
});

describe('rotation', () => {
  it('is noticed at once, also right after a regular fetch (F-24)', async () => {
    await verify(first);
    publish(first, second);
    clock.advance(1_000);
    await expect(verify(second)).resolves.toBe('user');
    expect(server.asked).toHaveLength(2);
  });

  it('is noticed when a new key has the name of an old one', async () => {
    await verify(first);
    publish(sameName);
    await expect(verify(sameName)).resolves.toBe('user');
  });

  it('takes the old key out', async () => {
    await verify(first);
    publish(second);
    await verify(second);
    await expect(verify(first)).rejects.toMatchObject({ code: 'ERR_JWKS_NO_MATCHING_KEY' });
  });

  it('without a token by the new key takes the old one out after five minutes (R-19, ATK-96)', async () => {
    await verify(first);
    publish(second);
    clock.advance(299_999);
    await expect(verify(first)).resolves.toBe('user');
    clock.advance(1);
    await expect(verify(first)).rejects.toMatchObject({ code: 'ERR_JWKS_NO_MATCHING_KEY' });
    await expect(verify(second)).resolves.toBe('user');
  });

  it('a second one is noticed a minute after the first at the latest', async () => {
    await verify(first);
    publish(second);
    await verify(second);
    publish(sameName);
    clock.advance(59_999);
    await expect(verify(sameName)).rejects.toMatchObject({ code: 'ERR_JWKS_NO_MATCHING_KEY' });
    clock.advance(1);
    await expect(verify(sameName)).resolves.toBe('user');
  });
});

describe('a clock that is put back', () => {
  const HOUR = 3_600_000;

  it('does not keep the keys for so much longer', async () => {
    await verify(first);
    clock.advance(-HOUR);
    await verify(first);
    expect(server.asked).toHaveLength(2);
  });

  it('does not keep new keys from being noticed', async () => {
    await verify(first);
    publish(second);
    await verify(second);
    clock.advance(-HOUR);
    await verify(second);
    publish(sameName);
    await expect(verify(sameName)).resolves.toBe('user');
  });
});

describe('a flood of tokens by unknown keys', () => {
  it('costs one request a minute (ATK-97, D-35)', async () => {
    await verify(first);
    const flood = async (): Promise<void> => {
      for (let at = 0; at < 20; at += 1) await expect(verify(second)).rejects.toThrow();
      await Promise.allSettled(Array.from({ length: 20 }, () => verify(second)));
    };
    await flood();
    expect(server.asked).toHaveLength(2);
    clock.advance(60_000);
    await flood();
    expect(server.asked).toHaveLength(3);
  });

  it('locks nobody out who has a good key', async () => {
    await verify(first);
    await expect(verify(second)).rejects.toThrow();
    await expect(verify(first)).resolves.toBe('user');
  });
});

it('asks for no new keys because of a wrong claim', async () => {
  await verify(first);
  const wrong = keys.verifyWith(`${server.origin}/jwks`, () => Promise.reject(new Error('nonce')));
  await expect(wrong).rejects.toThrow('nonce');
  expect(server.asked).toHaveLength(1);
});

describe('a provider that asks to be left alone (R-16)', () => {
  const busy = (seconds: number): void =>
    server.answerWith(
      (_req, res) => void res.writeHead(429, { 'retry-after': String(seconds) }).end(),
    );

  it('is not asked for keys meanwhile: the last good ones go on', async () => {
    await verify(first);
    busy(120);
    clock.advance(300_000);
    await verify(first);
    await expect(verify(second)).rejects.toThrow();
    clock.advance(119_999);
    await verify(first);
    expect(server.asked).toHaveLength(2);
    publish(first);
    clock.advance(1);
    await verify(first);
    expect(server.asked).toHaveLength(3);
  });

  it('before any keys are known is told to the caller, who asks later', async () => {
    busy(120);
    await expect(verify(first)).rejects.toMatchObject({ code: 'provider_unreachable' });
    await expect(verify(first)).rejects.toMatchObject({ code: 'provider_unreachable' });
    expect(server.asked).toHaveLength(1);
    publish(first);
    clock.advance(120_000);
    await expect(verify(first)).resolves.toBe('user');
  });
});
