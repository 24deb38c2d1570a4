import { generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import * as fc from 'fast-check';
import { loadConfig } from '../../../src/config/load-config.js';
import { DECLARED, ENV_NAMES } from '../../../src/config/declarations.js';
import { didYouMean } from '../../../src/config/did-you-mean.js';
import { readValue } from '../../../src/config/values/value-type.js';
import { makeCertificates } from '../../support/certificates.js';
import { HTTPS_ENV, testKey } from '../../support/config-env.js';
import { must } from '../expectations.js';
import { slowTarget, target, type FuzzTarget } from '../fuzz-target.js';
import { anyJson } from '../inputs/json-values.js';
import { BUNDLES } from '../inputs/settings.js';
import { changed } from '../inputs/texts.js';

/** Never to be shown: it stands in secrets and in whatever is wrong. */
const PLANTED = 'Zq9pLanted7sEcret3oF5oUrs';
const KEY = testKey('k1');
const pem = { type: 'pkcs8', format: 'pem' } as const;
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
const ed = generateKeyPairSync('ed25519').privateKey;
const short = generateKeyPairSync('rsa', { modulusLength: 1_024 }).privateKey;
const PRIVATE_KEYS: readonly string[] = [
  String(ec.export(pem)),
  String(ed.export(pem)),
  String(short.export(pem)),
  String(generateKeyPairSync('x25519').privateKey.export(pem)),
  String(generateKeyPairSync('ed448').privateKey.export(pem)),
  JSON.stringify({ ...ec.export({ format: 'jwk' }), kid: 'k', alg: 'ES256' }),
  JSON.stringify({ keys: [ed.export({ format: 'jwk' })] }),
  '-----BEGIN ENCRYPTED PRIVATE KEY-----',
  '-----BEGIN CERTIFICATE-----\nAA\n-----END CERTIFICATE-----',
];

const VALUES: readonly string[] = [
  'true',
  'false',
  '1',
  '0',
  '30m',
  '500ms',
  '8h',
  '99999999999999d',
  '-1',
  '65535',
  '65536',
  'loopback',
  '10.0.0.0/8',
  '::/0',
  '0.0.0.0/0',
  'https://app.example.com',
  'http://localhost:3000',
  'https://app.example.com/base',
  'https://*.example.com',
  'https://u:p@x.example',
  'http://evil.example',
  'https://x.example?y#z',
  'redis://redis:6379',
  'rediss://u:p@redis:6380/1',
  'redis-1:6379,redis-2:6379',
  '[::1]:6379',
  'openid profile',
  'email,name',
  'roles=realm_access.roles',
  'RS256',
  'EdDSA',
  'HS256',
  'none',
  'S256',
  'strict',
  'lax',
  'google',
  'generic',
  'eudiw',
  'authing',
  'oneaccess',
  'authentiq',
  'form_post',
  'userinfo',
  'access_token',
  'client_secret_basic',
  'private_key_jwt',
  'tls_client_auth',
  'client_secret_post',
  'assertion',
  'headers',
  'both',
  'exchange',
  'refresh',
  '/api',
  '/base',
  '//x',
  '/a/../b',
  'x-csrf',
  'name=value',
  KEY,
  `${KEY},${testKey('k2', 8)}`,
  'sha256:x',
  `sha256:${'A'.repeat(43)}`,
  PLANTED,
  '-----BEGIN PRIVATE KEY-----\nAA\n-----END PRIVATE KEY-----',
  '{"keys":[]}',
  '{"kty":"OKP"}',
  'introspect,token',
  'a@example.com',
  'example.com',
  'co.uk',
  'off',
  '60/m',
  '10/30s',
  'stdout',
  '/var/log/audit',
  'EXAMPLE.com',
  'https://idp.example/logout?x={state}',
  '/logout?y={unknown}',
  '',
  ' ',
  '${PLANTED}',
  '$${X}',
];

const optionValue = target({
  name: 'value of an option',
  files: [
    'value-type',
    'web-url',
    'basic-values',
    'network-values',
    'path-values',
    'duration',
    'session-keys',
    'service-secret',
    'private-keys',
    'certificates',
    'provider-values',
    'short-name',
    'loopback',
    'quota',
    'audit-target',
  ].map((name) => `config/values/${name}.ts`),
  inputs: fc.record({
    at: fc.integer({ min: 0, max: DECLARED.length - 1 }),
    raw: fc.oneof(
      { weight: 5, arbitrary: changed(VALUES, 3) },
      { weight: 1, arbitrary: fc.constantFrom(...PRIVATE_KEYS) },
      { weight: 1, arbitrary: anyJson },
    ),
  }),
  check: ({ at, raw }) => {
    const { option } = DECLARED[at]!;
    const judged = readValue(option.type, raw);
    if (judged.kind === 'refused') {
      const shown = `${judged.fault} ${judged.remedy ?? ''}`;
      must(!shown.includes(PLANTED), 'it shows what was written');
      must(shown.length < 600, 'a fault without end');
      return;
    }
    if (typeof raw !== 'string' || typeof judged.value !== 'string') return;
    const again = readValue(option.type, judged.value);
    must(again.kind === 'value' && again.value === judged.value, 'what was read is not read again');
  },
});

const FILES: readonly string[] = [
  '',
  'server:\n  publicUrl: https://app.example.com\n  port: 3000\n',
  'providers:\n  - id: one\n    issuer: https://one.example\n    clientId: a\n    clientSecret: ${PLANTED}\n  - id: two\n    issuer: https://two.example\n    clientId: b\n    clientSecret: c\n    allow: { groups: [x], claims: [a=b] }\n',
  'routes:\n  - { name: api, prefix: /api, upstream: http://api, audience: x, websocket: true }\n  - { name: b, prefix: /api/b, upstream: http://b, csrf: fetch-metadata, download: true, token: none }\n',
  `services:\n  - { id: a, secret: ${PLANTED}${PLANTED}, scopes: [introspect, token, code, sessions], redirectUris: ['https://x.example/cb'] }\n  - { id: l, auth: none, scopes: [introspect] }\n`,
  'policies:\n  - { name: default, groups: [a], acr: [x], maxAge: 5m }\n  - { name: other, authorization: true, csrf: false }\n',
  'session: { idle: 30m, absolute: 8h, maxPerUser: 3 }\ncookie: { sameSite: lax }\ncsrf: { header: x-y }\n',
  'store: { kind: redis, mode: sentinel, sentinels: [a:1], sentinelName: m }\n',
  'store: { cluster: [a:1, b:2] }\nassertion: { lifetime: 1m, algorithm: ES256 }\nclaims: { page: [email] }\n',
  'spa: { dir: /srv, login: required }\nlog: { level: debug }\ntokens: { leeway: 1m, ahead: 2m }\n',
  'a: &x [1, *x]\n',
  'a: &a [x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b]\nd: [*c,*c,*c,*c,*c,*c]\n',
  'server: [1]\nproviders: { a: b }\nunknown: 1\n? [a]\n: b\n',
  '--- !!js/function x\n',
  'server: { publicUrl: "${MISSING}", __proto__: { port: 1 } }\n__proto__: { server: 1 }\n',
  '%YAML 1.1\n---\nserver: {}\n...\n---\nserver: {}\n',
  '<<: { server: { port: 1 } }\nserver: !!set { a }\n',
];

const ENDPOINTS: readonly string[] = [
  '/token',
  'https://idp.example/auth?x=y',
  'http://127.0.0.1:1/x',
  'https://app.example.com/callback',
  'urn:api',
  'loa2 loa3',
  'openid',
  'sub',
];
const LONG_SECRET = 'a-secret-of-a-service-that-is-long-enough';
/** One entry of each list, right in itself. */
const RIGHT = {
  providers: [
    { id: 'one', issuer: 'https://one.example', clientId: 'a', clientSecret: LONG_SECRET },
  ],
  routes: [{ name: 'a', prefix: '/a', upstream: 'http://a' }],
  policies: [{ name: 'default' }],
  services: [
    {
      id: 's',
      secret: LONG_SECRET,
      scopes: ['token', 'code'],
      redirectUris: ['https://s.example/cb'],
    },
  ],
};

const variable = fc
  .constantFrom(...ENV_NAMES)
  .chain((name) =>
    fc.tuple(
      fc.oneof(
        { weight: 9, arbitrary: fc.constant(name) },
        { weight: 1, arbitrary: changed([name], 1) },
      ),
      fc.oneof(fc.constantFrom(...VALUES), changed(VALUES, 2)),
    ),
  );
/** What the file says of one option: by its path, in the first entry of a list or the second. */
interface Setting {
  readonly at: number;
  readonly entry: number;
  readonly value: unknown;
}

const FITTING = [...VALUES, ...PRIVATE_KEYS, ...ENDPOINTS];
const setting: fc.Arbitrary<Setting> = fc
  .integer({ min: 0, max: DECLARED.length - 1 })
  .chain((at) => {
    const { words } = DECLARED[at]!.option.type;
    const known = words === undefined ? FITTING : [...words];
    return fc.record({
      at: fc.constant(at),
      entry: fc.constantFrom(0, 0, 1),
      value: fc.oneof(
        { weight: 6, arbitrary: fc.constantFrom<unknown>(...known) },
        {
          weight: 2,
          arbitrary: fc.constantFrom<unknown>(
            true,
            false,
            1,
            0,
            null,
            [],
            ['a'],
            ['https://x.example/cb'],
          ),
        },
        { weight: 1, arbitrary: anyJson },
      ),
    });
  });

type Tree = Record<string, unknown>;

/** A bundle, without some of what belongs to it. */
const bundle = fc.constantFrom(...Object.keys(BUNDLES)).chain((name) =>
  fc.record({
    name: fc.constant(name),
    left: fc.array(fc.nat(BUNDLES[name]!.length - 1), { maxLength: 2 }),
  }),
);
type Bundle = typeof bundle extends fc.Arbitrary<infer T> ? T : never;

/** What stands in the settings for keys, which are new in each run, and for a certificate of one of them. */
let made: Readonly<Record<string, string>> = {};
beforeAll(async () => {
  const certificates = await makeCertificates();
  const { certFile, keyFile } = certificates;
  made = {
    '{certificate}': readFileSync(certFile, 'utf8'),
    '{key}': readFileSync(keyFile, 'utf8'),
    '{ed25519}': String(ed.export(pem)),
    '{x25519}': String(generateKeyPairSync('x25519').privateKey.export(pem)),
  };
  await certificates.remove();
});

/** A file that is right, with these settings in it; YAML takes JSON. */
function fileWith(given: Bundle | null, settings: readonly Setting[]): string {
  const tree = structuredClone(RIGHT) as Record<string, Tree | Tree[]>;
  const of = given === null ? [] : BUNDLES[given.name]!;
  const all = [
    ...of
      .filter((_one, at) => given?.left.includes(at) !== true)
      .map(([path, value, entry = 0]) => ({ path, value, entry })),
    ...settings.map(({ at, ...rest }) => ({ path: DECLARED[at]!.path, ...rest })),
  ];
  for (const { path, entry, value } of all) {
    const [section = '', ...names] = path.replace('[]', '').split('.');
    const found = (tree[section] ??= path.includes('[]') ? [] : {});
    let holder: Tree = Array.isArray(found) ? (found[entry] ??= {}) : found;
    for (const name of names.slice(0, -1)) {
      const inner = holder[name];
      holder = (typeof inner === 'object' && inner !== null ? inner : (holder[name] = {})) as Tree;
    }
    holder[names.at(-1) ?? ''] = typeof value === 'string' ? (made[value] ?? value) : value;
  }
  return JSON.stringify(tree);
}

const RULES = [
  'store',
  'service',
  'policy',
  'environment',
  'provider',
  'route',
  'client-auth',
  'assertion',
  'redirect-uri',
  'spa',
  'session',
  'server',
].map((name) => `config/rules/${name}.rules.ts`);
const CONFIG_FILES = [
  'load-config',
  'section-reader',
  'sections',
  'did-you-mean',
  'assemble',
  'assemble-provider',
  'assemble-policy',
  'assemble-store',
  'assemble-route',
  'assemble-service',
  'assemble-step-up',
  'profiles',
  'report',
  'source/environment',
  'source/config-file',
  'source/interpolate',
  'source/files',
]
  .map((name) => `config/${name}.ts`)
  .concat(RULES);
const configuration = slowTarget({
  name: 'configuration',
  files: CONFIG_FILES,
  inputs: fc.record({
    variables: fc.array(variable, { maxLength: 5 }),
    files: fc.array(
      fc.oneof(
        { weight: 3, arbitrary: fc.constantFrom(...FILES) },
        { weight: 2, arbitrary: changed(FILES, 3) },
      ),
      { maxLength: 3 },
    ),
    settings: fc.oneof(fc.constant(null), fc.array(setting, { maxLength: 6 })),
    isBare: fc.boolean(),
    bundle: fc.oneof(fc.constant(null), bundle),
    without: fc.oneof(
      fc.constant<string[]>([]),
      fc.subarray(['REDIS_URL', 'SESSION_KEYS', 'PUBLIC_URL']),
    ),
    unreadable: fc.constantFrom(false, false, false, true),
  }),
  check: ({ variables, files, settings, isBare, bundle: given, without, unreadable }) => {
    const { OIDC_ISSUER: _i, OIDC_CLIENT_ID: _c, OIDC_CLIENT_SECRET: _s, ...bare } = HTTPS_ENV;
    const env = {
      ...(isBare ? bare : HTTPS_ENV),
      PLANTED,
      ...((files.length > 0 || settings !== null || given !== null) && { CONFIG_FILE: '/f' }),
      ...Object.fromEntries(without.map((name) => [name, undefined])),
      ...Object.fromEntries(variables),
    };
    const readFile = (): string => {
      if (unreadable) throw Object.assign(new Error(PLANTED), { code: 'ENOENT' });
      return settings === null && given === null ? files.join('') : fileWith(given, settings ?? []);
    };
    const loaded = loadConfig(env, readFile, (path) => path === '/srv');
    if (loaded.kind === 'problems') {
      must(loaded.problems.length > 0, 'refused for nothing');
      for (const { fault, remedy } of loaded.problems)
        must(!`${fault} ${remedy}`.includes(PLANTED), 'it shows a secret');
      return Promise.resolve();
    }
    const { config, notices } = loaded;
    must(Object.isFrozen(config) && Object.isFrozen(config.server), 'it may be changed');
    must(
      notices.every((notice) => !notice.includes(PLANTED)),
      'a notice shows a secret',
    );
    must(
      config.server.https || /^http:\/\/(?:localhost|127\.|\[::1\])/.test(config.server.origin),
      'http in public',
    );
    must(config.session.keys.length > 0 && config.providers.length > 0, 'nothing to work with');
    must(Object.getPrototypeOf(config.server) === Object.prototype, 'a file became a prototype');
    return Promise.resolve();
  },
});

const misspelt = slowTarget({
  name: 'misspelt name',
  files: ['config/did-you-mean.ts'],
  inputs: changed(ENV_NAMES, 2).map((text) => text.slice(0, 80)),
  check: (text) => {
    const meant = didYouMean(text, ENV_NAMES);
    must(meant === undefined || ENV_NAMES.includes(meant), 'it means something that is not');
    return Promise.resolve();
  },
});

export const configTargets: readonly FuzzTarget[] = [optionValue, configuration, misspelt];
