import { HTTPS_ENV, LOOPBACK_ENV, testKey } from '../../test/support/config-env.js';
import type { VestibuleConfig } from '../config/config.types.js';
import type { Env } from '../config/source/environment.js';
import { readValue } from '../config/values/value-type.js';
import { sessionKeys } from '../config/values/session-keys.js';
import { serviceSecret } from '../config/values/service-secret.js';
import type { ProviderInspection } from '../domain/provider-inspection.js';
import type { SessionAdmin } from '../domain/session-admin.js';
import { runProgram } from './program.js';

interface Run {
  readonly out: string;
  readonly err: string;
  readonly code: number | undefined;
  readonly served: readonly { config: VestibuleConfig; notices: readonly string[] }[];
}

interface World {
  /** Why the server cannot start. */
  readonly failure?: Error;
  readonly admin?: SessionAdmin;
  /** What comes out when a provider is asked; without it, asking one fails the test. */
  readonly inspections?: Readonly<Record<string, ProviderInspection>>;
  readonly file?: string;
}

async function run(args: readonly string[], env: Env = {}, world: World = {}): Promise<Run> {
  const { failure, admin, inspections, file } = world;
  let [out, err] = ['', ''];
  let code: number | undefined;
  const served: { config: VestibuleConfig; notices: readonly string[] }[] = [];
  await runProgram(args, {
    env,
    version: '1.2.3',
    clock: { now: () => Date.UTC(2026, 10, 20, 23, 59) },
    readFile: () => {
      if (file !== undefined) return file;
      throw Object.assign(new Error('no file'), { code: 'ENOENT' });
    },
    isDirectory: () => false,
    stdout: (text) => (out += text),
    stderr: (text) => (err += text),
    exit: (given) => (code = given),
    openSessions: () => Promise.resolve(admin),
    inspectProvider: ({ id }) => {
      const inspection = inspections?.[id];
      return inspection === undefined
        ? Promise.reject(new Error(`nobody was to ask ${id}`))
        : Promise.resolve(inspection);
    },
    serve: (config, notices) => {
      if (failure !== undefined) return Promise.reject(failure);
      served.push({ config, notices });
      return Promise.resolve();
    },
  });
  return { out, err, code, served };
}

describe('vestibule', () => {
  it.each([[[]], [['serve']]])('serves with %j', async (args) => {
    const { served, out, err, code } = await run(args, LOOPBACK_ENV);
    expect(served).toHaveLength(1);
    expect(served[0]?.config.server.origin).toBe('http://localhost:3000');
    expect(served[0]?.notices).toEqual([expect.stringContaining('IN MEMORY')]);
    expect([out, err, code]).toEqual(['', '', undefined]);
  });

  it.each([[[]], [['config', 'check']]])(
    'prints every problem and exits with 78 for %j (ATK-66, ATK-103)',
    async (args) => {
      const { served, out, err, code } = await run(args, {
        ...LOOPBACK_ENV,
        PORT: 'x',
        HOST: ' - ',
      });
      expect(served).toEqual([]);
      expect(out).toBe('');
      expect(err.trimEnd().split('\n')).toEqual([
        'PORT: must be a whole number from 0 to 65535. Remedy: write a whole number from 0 to 65535.',
        expect.stringMatching(/^HOST: must be an IP address or a host name\. Remedy: .+\.$/),
      ]);
      expect(code).toBe(78);
    },
  );

  it('exits with 1 when the server cannot start', async () => {
    const { err, code } = await run([], LOOPBACK_ENV, { failure: new Error('address in use') });
    expect(err).toBe('vestibule could not start: Error: address in use\n');
    expect(code).toBe(1);
  });

  it.each([['frobnicate'], ['--frobnicate'], ['config', 'frobnicate']])(
    'refuses %s without serving',
    async (...args) => {
      const { served, err, code } = await run(args, LOOPBACK_ENV);
      expect(served).toEqual([]);
      expect(err).toMatch(/^error: /);
      expect(code).toBe(1);
    },
  );

  it('tells its version and its commands', async () => {
    expect(await run(['--version'])).toMatchObject({ out: '1.2.3\n', code: 0 });
    const help = await run(['--help']);
    expect(help.out).toMatch(/serve[^]*config[^]*keys/);
    expect(help.code).toBe(0);
  });
});

const FITS: ProviderInspection = { kind: 'fits' };
const NO_SUCH_METHOD: ProviderInspection = {
  kind: 'misfits',
  misfits: [{ option: 'clientAuth', fault: 'is a, which is not offered', remedy: 'use b' }],
};
const OTHER_ISSUER: ProviderInspection = {
  kind: 'misfits',
  misfits: [
    { option: 'issuer', fault: 'the metadata name another issuer', remedy: 'copy it' },
    { option: 'endpoints.token', fault: 'is not set', remedy: 'write it by hand' },
  ],
};
const GONE: ProviderInspection = { kind: 'unreachable', cause: 'TypeError ECONNREFUSED' };

const check = (env: Env, inspections: World['inspections'], file?: string): Promise<Run> =>
  run(['config', 'check'], env, { ...(inspections && { inspections }), ...(file && { file }) });

describe('vestibule config check', () => {
  it('says ok, the notices and a summary', async () => {
    const env = { ...LOOPBACK_ENV, API_UPSTREAM: 'http://api:8080' };
    const { out, err, code } = await check(env, { generic: FITS });
    expect(out).toMatch(/^configuration ok\nnotice: SESSIONS LIVE IN MEMORY/);
    expect(out).toContain('route:     api /api to http://api:8080\n');
    expect([err, code]).toEqual(['', 0]);
  });

  it('says whether everybody may come in', async () => {
    const open = await check(LOOPBACK_ENV, { generic: FITS });
    expect(open.out).toContain('(client_secret_basic), open to all of its users\n');
    const closed = await check({ ...LOOPBACK_ENV, OIDC_ALLOW_GROUPS: 'staff' }, { generic: FITS });
    expect(closed.out).toContain('(client_secret_basic), open to those whom allow lets in\n');
  });

  it('shows no secret', async () => {
    const { out } = await run(['config', 'check', '--offline'], {
      ...HTTPS_ENV,
      SESSION_KEYS: testKey('k7'),
      OIDC_CLIENT_SECRET: 'hunter2',
      REDIS_URL: 'rediss://someone:hunter2@redis:6380/1',
    });
    expect(out).toContain('in Redis at redis:6380');
    expect(out).toContain('keys:      k7\n');
    expect(out).not.toContain('hunter2');
    expect(out).not.toContain('someone');
    expect(out).not.toContain(testKey('k7').slice(3, 20));
  });
});

describe('vestibule config check, with the providers', () => {
  const TWO = `
providers:
  - { id: staff, issuer: "https://a.example", clientId: app, clientAuth: none }
  - { id: guests, issuer: "https://b.example", clientId: app, clientAuth: none }
`;
  const {
    OIDC_ISSUER: _issuer,
    OIDC_CLIENT_ID: _id,
    OIDC_CLIENT_SECRET: _secret,
    ...rest
  } = LOOPBACK_ENV;
  const env: Env = { ...rest, CONFIG_FILE: '/etc/vestibule.yaml' };

  it('names the variable that a provider contradicts', async () => {
    const { out, err, code } = await check(LOOPBACK_ENV, { generic: NO_SUCH_METHOD });
    expect(err).toBe('OIDC_CLIENT_AUTH: is a, which is not offered. Remedy: use b.\n');
    expect([out, code]).toEqual(['', 78]);
  });

  it('names the places in the file, for all providers at once', async () => {
    const inspections = { staff: NO_SUCH_METHOD, guests: OTHER_ISSUER };
    const { out, err, code } = await check(env, inspections, TWO);
    expect(err.trimEnd().split('\n')).toEqual([
      'providers[0].clientAuth: is a, which is not offered. Remedy: use b.',
      'providers[1].issuer: the metadata name another issuer. Remedy: copy it.',
      'providers[1].endpoints.token: is not set. Remedy: write it by hand.',
    ]);
    expect([out, code]).toEqual(['', 78]);
  });

  it('says which one could not be asked, and that the rest is right', async () => {
    const { out, err, code } = await check(env, { staff: FITS, guests: GONE }, TWO);
    expect(out).toMatch(/^configuration ok\n/);
    expect(out).toContain(
      'notice: The provider guests could not be asked (TypeError ECONNREFUSED); whether its settings fit is not known.\n',
    );
    expect(out).not.toContain('The provider staff');
    expect([err, code]).toEqual(['', 0]);
  });

  it('is no less wrong because another one could not be asked', async () => {
    const { code } = await check(env, { staff: GONE, guests: OTHER_ISSUER }, TWO);
    expect(code).toBe(78);
  });

  it('asks nobody with --offline, nor when the configuration is wrong already', async () => {
    const offline = await run(['config', 'check', '--offline'], LOOPBACK_ENV);
    expect([offline.err, offline.code]).toEqual(['', 0]);
    const wrong = await run(['config', 'check'], { ...LOOPBACK_ENV, PORT: 'x' });
    expect(wrong.err).toMatch(/^PORT: /);
    expect(wrong.code).toBe(78);
  });
});

describe('vestibule keys generate', () => {
  it('prints one key that the configuration takes, and the hint elsewhere', async () => {
    const { out, err, code } = await run(['keys', 'generate']);
    expect(out).toMatch(/^k20261120-[0-9a-f]{4}:[A-Za-z0-9_-]{43}\n$/);
    expect(readValue(sessionKeys, out.trim()).kind).toBe('value');
    expect(err).toContain('SESSION_KEYS');
    expect(code).toBe(0);
  });

  it('never prints the same key twice', async () => {
    const runs = await Promise.all([run(['keys', 'generate']), run(['keys', 'generate'])]);
    expect(runs[0]?.out).not.toBe(runs[1]?.out);
  });
});

describe('vestibule keys generate --service', () => {
  it('prints a secret and the hash that the configuration takes for it, and says what goes where', async () => {
    const { out, err, code } = await run(['keys', 'generate', '--service']);
    const [secret = '', hash = '', ...rest] = out.split('\n');
    expect([secret, hash, rest]).toEqual([
      expect.stringMatching(/^[A-Za-z0-9_-]{43}$/),
      expect.stringMatching(/^sha256:[A-Za-z0-9_-]{43}$/),
      [''],
    ]);
    const [given, hashed] = [readValue(serviceSecret, secret), readValue(serviceSecret, hash)];
    expect(given).toMatchObject({ kind: 'value' });
    expect(hashed).toEqual(given);
    expect(err).toMatch(/secret.*service.*hash.*configuration/);
    expect(err).not.toContain(secret);
    expect(code).toBe(0);
  });
});

describe('vestibule sessions', () => {
  const listed = {
    session_id: 'h'.repeat(43),
    provider: 'generic',
    created_at: '2026-11-20T10:00:00.000Z',
    last_seen_at: '2026-11-20T11:00:00.000Z',
    client: 'Firefox',
  };
  let asked: string[];
  const admin: SessionAdmin = {
    list: async (subject, provider) => {
      asked.push(`list ${subject} ${provider}`);
      return [listed];
    },
    endAll: async (subject) => {
      asked.push(`endAll ${subject}`);
      return 3;
    },
    endOne: async (handle) => {
      asked.push(`endOne ${handle}`);
      return 1;
    },
    close: async () => {
      asked.push('close');
    },
  };
  beforeEach(() => {
    asked = [];
  });

  it("lists a user's sessions and closes the store", async () => {
    const { out, err } = await run(['sessions', 'list', '--sub', 'alice'], LOOPBACK_ENV, { admin });
    expect(out).toContain(`${listed.session_id}\tgeneric`);
    expect(err).toContain('1 session(s)');
    expect(asked).toEqual(['list alice undefined', 'close']);
  });

  it('prints JSON lines when asked', async () => {
    const args = ['sessions', 'list', '--sub', 'alice', '--json'];
    const { out } = await run(args, LOOPBACK_ENV, { admin });
    expect(JSON.parse(out)).toEqual(listed);
  });

  it("ends one session or all of a user's", async () => {
    const one = await run(['sessions', 'revoke', '--session', 'x'], LOOPBACK_ENV, { admin });
    expect(one.out).toBe('1 session(s) ended\n');
    const all = await run(['sessions', 'revoke', '--sub', 'alice'], LOOPBACK_ENV, { admin });
    expect(all.out).toBe('3 session(s) ended\n');
    expect(asked).toEqual(['endOne x', 'close', 'endAll alice', 'close']);
  });

  it.each([[[]], [['--sub', 'a', '--session', 'b']]])(
    'refuses %j: one of both must be named (P-28)',
    async (args) => {
      const { err, code } = await run(['sessions', 'revoke', ...args], LOOPBACK_ENV, { admin });
      expect(err).toContain('either --session or --sub');
      expect(code).toBe(2);
    },
  );

  it('explains that sessions in memory belong to the running process', async () => {
    const { err, code } = await run(['sessions', 'list', '--sub', 'alice'], LOOPBACK_ENV);
    expect(err).toContain('REDIS_URL');
    expect(code).toBe(1);
  });
});
