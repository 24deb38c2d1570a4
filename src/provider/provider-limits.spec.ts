import type { ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import { FixedClock } from '../../test/support/fixed-clock.js';
import { JsonServer } from '../../test/support/json-server.js';
import { newTransaction } from '../../test/support/login-fixtures.js';
import { providerAt } from '../../test/support/provider-config.js';
import { RecordedEvents } from '../../test/support/recorded-events.js';
import { newSigningKey, publicKeys } from '../../test/support/signing-key.js';
import { ProviderClient, type Redeemed } from './provider-client.js';
import { providerParts } from './provider-parts.js';

const PATHS = {
  discovery: '/.well-known/openid-configuration',
  keys: '/jwks',
  token: '/token',
  userinfo: '/userinfo',
} as const;
type Place = keyof typeof PATHS;

const MIB = 1_048_576;
const GIB = 1_024 * MIB;
/** What is too slow ends by time, what is too large by its size, long before its time. */
const TIMEOUT_MS = { slow: 300, large: 20_000 } as const;
const key = newSigningKey('key-1');
const blanks = gzipSync(Buffer.alloc(64 * MIB, 0x20));
let server: JsonServer;
let foreign: JsonServer;
let log: RecordedEvents;
let written: number;

beforeAll(async () => {
  [server, foreign] = await Promise.all([JsonServer.start(), JsonServer.start()]);
});
afterAll(() => Promise.all([server.stop(), foreign.stop()]));
beforeEach(() => {
  server.asked.length = 0;
  foreign.asked.length = 0;
  log = new RecordedEvents();
  written = 0;
});

type Fault = (res: ServerResponse, path: string, truth: string) => void;

const head = (res: ServerResponse, more = {}): void =>
  void res.writeHead(200, { 'content-type': 'application/json', ...more });

/** The true answer behind a gigabyte of blanks, as fast as they are taken. */
const gigabyte: Fault = (res, _path, truth) => {
  head(res);
  const chunk = Buffer.alloc(65_536, 0x20);
  const pour = (): void => {
    while (!res.destroyed && written < GIB) {
      written += chunk.length;
      if (!res.write(chunk)) return;
    }
    res.end(truth);
  };
  res.on('drain', pour);
  pour();
};

const drip: Fault = (res) => {
  head(res);
  const timer = setInterval(() => res.write(' '), 5);
  res.once('close', () => clearInterval(timer));
};

const redirectTo =
  (location: (path: string) => string): Fault =>
  (res, path) =>
    void res.writeHead(302, { location: location(path) }).end();

const FAULTS: readonly (readonly [string, keyof typeof TIMEOUT_MS, Fault])[] = [
  ['a gigabyte of JSON', 'large', gigabyte],
  [
    'a gzip bomb',
    'large',
    (res, _path, truth) => {
      head(res, { 'content-encoding': 'gzip' });
      res.end(Buffer.concat([blanks, gzipSync(truth)]));
    },
  ],
  ['an endless chain of redirects', 'large', redirectTo((path) => `${path}/x`)],
  ['a redirect to another host', 'large', redirectTo(() => `${foreign.origin}/`)],
  [
    'a redirect to the metadata service of a cloud',
    'large',
    redirectTo(() => 'http://169.254.169.254/latest/meta-data/'),
  ],
  ['a slow drip', 'slow', drip],
  ['silence', 'slow', () => undefined],
];

/** A good provider, but for one place. */
function misbehave(place: Place, fault: Fault, timeoutMs: number): void {
  const { origin } = server;
  const transaction = newTransaction({ issuer: origin });
  const now = Math.floor(Date.now() / 1000);
  const life = { iat: now, exp: now + 300 };
  const claims = { iss: origin, sub: 'user-1', aud: 'app', nonce: transaction.nonce, ...life };
  const answers: Readonly<Record<string, object>> = {
    [PATHS.discovery]: {
      issuer: origin,
      token_endpoint: `${origin}${PATHS.token}`,
      jwks_uri: `${origin}${PATHS.keys}`,
      userinfo_endpoint: `${origin}${PATHS.userinfo}`,
    },
    [PATHS.keys]: publicKeys([key]),
    [PATHS.token]: { access_token: 'access', token_type: 'Bearer', id_token: key.sign(claims) },
    [PATHS.userinfo]: { sub: 'user-1', name: 'User' },
  };
  server.answerWith((req, res) => {
    const path = req.url ?? '';
    const truth = JSON.stringify(answers[path] ?? {});
    if (path.startsWith(PATHS[place])) return fault(res, path, truth);
    head(res);
    res.end(truth);
  });
  redeem = () => {
    const clock = new FixedClock(Date.now());
    const config = providerAt(origin, { timeoutMs });
    const parts = providerParts(config, clock, log);
    return new ProviderClient(config, parts, clock, log).redeem('the-code', transaction);
  };
}
let redeem: () => Promise<Redeemed>;

const asked = (place: Place): string[] =>
  server.asked.filter((call) => call.split(' ')[1]?.startsWith(PATHS[place]));

describe.each(FAULTS)('%s (ATK-87)', (_what, kind, fault) => {
  /** Judged within the time limit, few bytes taken, nobody else asked. */
  async function within<T>(work: Promise<T>): Promise<T> {
    const started = performance.now();
    try {
      return await work;
    } finally {
      expect(performance.now() - started).toBeLessThan(3_000);
      expect(written).toBeLessThan(32 * MIB);
      expect(foreign.asked).toEqual([]);
    }
  }

  it.each<[Place, number]>([
    ['discovery', 2],
    ['keys', 1],
    ['token', 1],
  ])('from %s is an error, soon, and no login', async (place, most) => {
    misbehave(place, fault, TIMEOUT_MS[kind]);
    await expect(within(redeem())).rejects.toMatchObject({
      code: expect.stringMatching(
        /^(?:provider_unreachable|provider_misconfigured|login_rejected)$/,
      ),
    });
    expect(asked(place).length).toBeLessThanOrEqual(most);
  });

  it('from userinfo adds no claims, soon, and the login goes on', async () => {
    misbehave('userinfo', fault, TIMEOUT_MS[kind]);
    const { identity } = await within(redeem());
    expect(identity.claims).toEqual({ sub: 'user-1' });
    expect(asked('userinfo')).toHaveLength(1);
    expect(log.count('provider.userinfo_failed')).toBe(1);
  });
});
