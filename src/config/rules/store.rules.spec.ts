import { configOf, HTTPS_ENV, LOOPBACK_ENV, problemsOf } from '../../../test/support/config-env.js';
import { makeCertificates } from '../../../test/support/certificates.js';
import type { RedisConnection } from '../config.types.js';
import type { Env } from '../source/environment.js';

const SENTINELS = { REDIS_SENTINELS: 's1:26379, s2:26379' };
const CLUSTER = { REDIS_CLUSTER: 'c1:6379,[fd00::1]:6379' };

const keysOf = (env: Env): string[] =>
  problemsOf({ ...LOOPBACK_ENV, ...env }).map(({ key }) => key);

function connectionOf(env: Env, files: Record<string, string> = {}): RedisConnection | undefined {
  const { store } = configOf({ ...LOOPBACK_ENV, ...env }, { files });
  return store.kind === 'redis' ? store.connection : undefined;
}

describe('the way to Redis', () => {
  let ca: string;

  beforeAll(async () => {
    const certificates = await makeCertificates();
    ca = certificates.ca.trim();
    await certificates.remove();
  });

  it('goes through Sentinels', () => {
    const sentinels = [
      { host: 's1', port: 26_379 },
      { host: 's2', port: 26_379 },
    ];
    expect(connectionOf(SENTINELS)).toEqual({ kind: 'sentinel', sentinels, name: 'mymaster' });
    expect(
      connectionOf({
        ...SENTINELS,
        REDIS_SENTINEL_NAME: 'sessions',
        REDIS_SENTINEL_USERNAME: 'watch',
        REDIS_SENTINEL_PASSWORD: 'sp',
        REDIS_USERNAME: 'app',
        REDIS_PASSWORD: 'rp',
        REDIS_TLS: 'true',
      }),
    ).toEqual({
      kind: 'sentinel',
      sentinels,
      name: 'sessions',
      sentinelCredentials: { username: 'watch', password: 'sp' },
      credentials: { username: 'app', password: 'rp' },
      tls: {},
    });
  });

  it('goes to the nodes of a Cluster', () => {
    expect(connectionOf(CLUSTER)).toEqual({
      kind: 'cluster',
      nodes: [
        { host: 'c1', port: 6379 },
        { host: 'fd00::1', port: 6379 },
      ],
    });
  });

  it('takes password and authority from files', () => {
    const env = {
      ...CLUSTER,
      REDIS_PASSWORD_FILE: '/password',
      REDIS_TLS: 'true',
      REDIS_TLS_CA_FILE: '/ca.pem',
    };
    expect(connectionOf(env, { '/password': 'rp\n', '/ca.pem': `comment\n${ca}\n` })).toMatchObject(
      { credentials: { password: 'rp' }, tls: { ca } },
    );
  });

  it('goes to a URL with credentials and authority beside it', () => {
    const env = { REDIS_URL: 'rediss://redis', REDIS_PASSWORD: 'rp', REDIS_TLS_CA: ca };
    expect(connectionOf(env)).toEqual({
      kind: 'standalone',
      url: 'rediss://redis',
      credentials: { password: 'rp' },
      tls: { ca },
    });
  });

  it.each([SENTINELS, CLUSTER])('is enough for a public address (%j)', (env) => {
    expect(problemsOf({ ...HTTPS_ENV, REDIS_URL: undefined, ...env })).toEqual([]);
  });

  it.each<[string, Env]>([
    ['REDIS_SENTINELS', { ...SENTINELS, REDIS_URL: 'redis://redis' }],
    ['REDIS_CLUSTER', { ...CLUSTER, REDIS_URL: 'redis://redis' }],
    ['REDIS_CLUSTER', { ...CLUSTER, ...SENTINELS }],
    ['REDIS_SENTINELS', { REDIS_SENTINELS: ',' }],
    ['REDIS_CLUSTER', { REDIS_CLUSTER: 'c1' }],
    ['REDIS_SENTINEL_NAME', { ...CLUSTER, REDIS_SENTINEL_NAME: 'sessions' }],
    ['REDIS_SENTINEL_NAME', { ...SENTINELS, REDIS_SENTINEL_NAME: 'my master' }],
    ['REDIS_SENTINEL_PASSWORD', { ...CLUSTER, REDIS_SENTINEL_PASSWORD: 'x' }],
    ['REDIS_SENTINEL_USERNAME', { ...SENTINELS, REDIS_SENTINEL_USERNAME: 'x' }],
    ['REDIS_USERNAME', { ...CLUSTER, REDIS_USERNAME: 'x' }],
    ['REDIS_PASSWORD', { REDIS_PASSWORD: 'x' }],
    ['REDIS_PASSWORD', { REDIS_URL: 'redis://:a@redis', REDIS_PASSWORD: 'x' }],
    ['REDIS_TLS', { REDIS_TLS: 'true' }],
    ['REDIS_TLS', { REDIS_URL: 'redis://redis', REDIS_TLS: 'true' }],
    ['REDIS_TLS', { REDIS_URL: 'rediss://redis', REDIS_TLS: 'false' }],
    ['REDIS_TLS_CA', { ...CLUSTER, REDIS_TLS: 'true', REDIS_TLS_CA: 'nothing' }],
    [
      'REDIS_TLS_CA',
      {
        ...CLUSTER,
        REDIS_TLS: 'true',
        REDIS_TLS_CA: '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----',
      },
    ],
  ])('makes no sense with %s: %j (P-40)', (key, env) => {
    expect(keysOf(env)).toEqual([key]);
  });

  it('makes no sense with an authority and no TLS', () => {
    expect(keysOf({ ...CLUSTER, REDIS_TLS_CA: ca })).toEqual(['REDIS_TLS_CA']);
    expect(keysOf({ REDIS_URL: 'redis://redis', REDIS_TLS_CA: ca })).toEqual(['REDIS_TLS_CA']);
    expect(keysOf({ REDIS_TLS_CA: ca })).toEqual(['REDIS_TLS_CA']);
  });

  it('takes no private key for an authority', () => {
    const key = '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----';
    const [problem] = problemsOf({
      ...LOOPBACK_ENV,
      ...CLUSTER,
      REDIS_TLS: 'true',
      REDIS_TLS_CA: `${ca}\n${key}`,
    });
    expect(problem).toMatchObject({ key: 'REDIS_TLS_CA', fault: 'holds a private key' });
  });
});

describe('the near cache', () => {
  const near = { NEAR_CACHE: '5s' };

  it('is off by default, and as long as it says', () => {
    const nearOf = (env: Env): number | undefined => {
      const { store } = configOf({ ...LOOPBACK_ENV, REDIS_URL: 'redis://r', ...env });
      return store.kind === 'redis' ? store.nearCacheMs : undefined;
    };
    expect(nearOf({})).toBeUndefined();
    expect(nearOf(near)).toBe(5_000);
  });

  it('may stand with one Redis and with Sentinels', () => {
    expect(keysOf({ REDIS_URL: 'redis://r', ...near })).toEqual([]);
    expect(keysOf({ ...SENTINELS, ...near })).toEqual([]);
  });

  it('is refused where it could not hear of ends, or would be of no use', () => {
    expect(keysOf({ ...CLUSTER, ...near })).toEqual(['NEAR_CACHE']);
    expect(keysOf(near)).toEqual(['NEAR_CACHE']);
    expect(keysOf({ REDIS_URL: 'redis://r', NEAR_CACHE: '10m' })).toEqual(['NEAR_CACHE']);
  });
});

describe('the number of workers', () => {
  it('is one unless it is set', () => {
    const workersOf = (env: Env): number | 'auto' =>
      configOf({ ...LOOPBACK_ENV, REDIS_URL: 'redis://r', ...env }).server.workers;
    expect(workersOf({})).toBe(1);
    expect(workersOf({ WORKERS: '4' })).toBe(4);
    expect(workersOf({ WORKERS: 'auto' })).toBe('auto');
  });

  it.each(['2', 'auto'])('may be %s with Redis only', (workers) => {
    expect(keysOf({ WORKERS: workers })).toEqual(['WORKERS']);
    expect(keysOf({ WORKERS: workers, REDIS_URL: 'redis://r' })).toEqual([]);
    expect(keysOf({ WORKERS: workers, ...CLUSTER })).toEqual([]);
  });

  it('may be one without', () => {
    expect(keysOf({ WORKERS: '1' })).toEqual([]);
  });

  it.each(['0', '-1', '1.5', 'all', '129', ''])('is refused as %j', (workers) => {
    expect(keysOf({ WORKERS: workers, REDIS_URL: 'redis://r' })).toEqual(
      workers === '' ? [] : ['WORKERS'],
    );
  });
});
