import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { makeCertificates, type Certificates } from '../../../test/support/certificates.js';
import { configOf, HTTPS_ENV, problemsOf } from '../../../test/support/config-env.js';
import { formatProblem } from '../config-problem.js';
import type { Env } from '../source/environment.js';

const pemOf = (key: KeyObject): string => String(key.export({ type: 'pkcs8', format: 'pem' }));
const RSA = pemOf(generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey);
const ED25519 = pemOf(generateKeyPairSync('ed25519').privateKey);
const X25519 = pemOf(generateKeyPairSync('x25519').privateKey);
const FOR_ENCRYPTION = JSON.stringify({
  ...generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' }),
  alg: 'RSA-OAEP',
});
const NO_SECRET: Env = { ...HTTPS_ENV, OIDC_CLIENT_SECRET: undefined };
const BY_KEY: Env = { ...NO_SECRET, OIDC_CLIENT_AUTH: 'private_key_jwt', OIDC_CLIENT_KEY: RSA };

const said = (env: Env): string[] => problemsOf(env).map(formatProblem);

let certificates: Certificates;
let byCertificate: Env;
beforeAll(async () => {
  certificates = await makeCertificates();
  byCertificate = {
    ...NO_SECRET,
    OIDC_CLIENT_AUTH: 'tls_client_auth',
    OIDC_CLIENT_KEY: readFileSync(certificates.keyFile, 'utf8'),
    OIDC_CLIENT_CERT: readFileSync(certificates.certFile, 'utf8'),
  };
});
afterAll(() => certificates.remove());

describe('each method', () => {
  it.each(['client_secret_basic', 'client_secret_post', 'client_secret_jwt'])(
    '%s needs the secret: nobody is a public client unless it is written (H-34, E-35)',
    (method) => {
      const env = { ...NO_SECRET, OIDC_CLIENT_AUTH: method };
      expect(said(env)).toEqual([
        `OIDC_CLIENT_SECRET: is missing, and ${method} needs it. Remedy: set it, or set OIDC_CLIENT_AUTH to none for a public client.`,
      ]);
      expect(said({ ...env, OIDC_CLIENT_SECRET: 's3cret' })).toEqual([]);
    },
  );

  it('private_key_jwt needs a key and no secret', () => {
    expect(said(BY_KEY)).toEqual([]);
    expect(said({ ...BY_KEY, OIDC_CLIENT_KEY: undefined })).toEqual([
      expect.stringMatching(/^OIDC_CLIENT_KEY: is missing, and private_key_jwt needs it\. Remedy:/),
    ]);
  });

  it('tls_client_auth needs a key and a certificate', () => {
    expect(said(byCertificate)).toEqual([]);
    const { OIDC_CLIENT_KEY: _key, OIDC_CLIENT_CERT: _certificate, ...neither } = byCertificate;
    expect(said(neither)).toEqual([
      expect.stringMatching(/^OIDC_CLIENT_KEY: is missing, and tls_client_auth needs it\. Remedy:/),
      expect.stringMatching(/^OIDC_CLIENT_CERT: is missing, and tls_client_auth needs it\. /),
    ]);
  });

  it('tls_client_auth needs https to show the certificate', () => {
    expect(said({ ...byCertificate, OIDC_ISSUER: 'http://127.0.0.1:4000' })).toEqual([
      'OIDC_ISSUER: is http, where there is no certificate to show. Remedy: use https, or another OIDC_CLIENT_AUTH.',
    ]);
  });

  it('none needs nothing', () => {
    expect(said({ ...NO_SECRET, OIDC_CLIENT_AUTH: 'none' })).toEqual([]);
  });

  it.each([
    ['client_secret_baisc', "did you mean 'client_secret_basic'?"],
    ['mtls', 'write one of'],
  ])('%s is none of them', (method, remedy) => {
    expect(said({ ...HTTPS_ENV, OIDC_CLIENT_AUTH: method })).toEqual([
      expect.stringContaining(`OIDC_CLIENT_AUTH: must be one of client_secret_basic, `),
    ]);
    expect(said({ ...HTTPS_ENV, OIDC_CLIENT_AUTH: method })[0]).toContain(remedy);
  });
});

describe('a method that the profile does not take', () => {
  it.each([
    ['google', 'private_key_jwt', 'client_secret_post or client_secret_basic or none'],
    ['oneaccess', 'client_secret_basic', 'client_secret_post'],
    ['eudiw', 'client_secret_post', 'none'],
    ['authentiq', 'none', 'client_secret_basic or client_secret_post'],
    ['authing', 'client_secret_jwt', 'client_secret_post or client_secret_basic or none'],
  ])('is refused: %s with %s', (profile, method, taken) => {
    const env = { ...HTTPS_ENV, OIDC_PROVIDER: profile, OIDC_CLIENT_AUTH: method };
    expect(said(env)).toContain(
      `OIDC_CLIENT_AUTH: is ${method}, which ${profile} does not take. Remedy: use ${taken}.`,
    );
  });

  it('is not recommended where a secret is missing', () => {
    expect(said({ ...NO_SECRET, OIDC_PROVIDER: 'oneaccess' })).toEqual([
      'OIDC_CLIENT_SECRET: is missing, and client_secret_post needs it. Remedy: set it.',
    ]);
  });
});

describe('HS256', () => {
  it('needs the secret, whatever proves the client', () => {
    const env = { ...NO_SECRET, OIDC_CLIENT_AUTH: 'none', OIDC_ID_TOKEN_ALG: 'HS256' };
    expect(said(env)).toEqual([
      'OIDC_CLIENT_SECRET: is missing, and OIDC_ID_TOKEN_ALG HS256 needs it. Remedy: set it, or set OIDC_ID_TOKEN_ALG to what the provider signs with.',
    ]);
    expect(said({ ...env, OIDC_CLIENT_SECRET: 's3cret' })).toEqual([]);
    expect(said({ ...BY_KEY, OIDC_ID_TOKEN_ALG: 'HS256', OIDC_CLIENT_SECRET: 'x' })).toEqual([]);
  });
});

describe('what would never be used', () => {
  it.each<[string, Env]>([
    ['a secret of a public client', { ...HTTPS_ENV, OIDC_CLIENT_AUTH: 'none' }],
    ['a secret beside a key', { ...BY_KEY, OIDC_CLIENT_SECRET: 's3cret' }],
  ])('is refused: %s', (_what, env) => {
    expect(said(env)).toEqual([
      expect.stringMatching(
        /^OIDC_CLIENT_SECRET: is set, but with OIDC_CLIENT_AUTH \w+ it would never be used\. Remedy: remove it, or /,
      ),
    ]);
  });

  it('is refused: a key beside a secret', () => {
    expect(said({ ...HTTPS_ENV, OIDC_CLIENT_KEY: RSA })).toEqual([
      'OIDC_CLIENT_KEY: is set, but with OIDC_CLIENT_AUTH client_secret_basic it would never be used. Remedy: remove it, or set OIDC_CLIENT_AUTH to private_key_jwt.',
    ]);
  });

  it('is refused: an algorithm of assertions that nobody makes', () => {
    expect(said({ ...HTTPS_ENV, OIDC_ASSERTION_ALG: 'HS256' })).toEqual([
      expect.stringMatching(/^OIDC_ASSERTION_ALG: is set, but only private_key_jwt and /),
    ]);
  });
});

describe('the algorithm of assertions', () => {
  const bySecret: Env = { ...HTTPS_ENV, OIDC_CLIENT_AUTH: 'client_secret_jwt' };

  it.each<[string, Env]>([
    ['HS512', bySecret],
    ['PS256', BY_KEY],
    ['EdDSA', { ...BY_KEY, OIDC_CLIENT_KEY: ED25519 }],
  ])('may be %s', (algorithm, env) => {
    expect(said({ ...env, OIDC_ASSERTION_ALG: algorithm })).toEqual([]);
  });

  it.each<[string, Env, string]>([
    ['RS256', bySecret, 'which no secret can make'],
    ['HS256', BY_KEY, 'which the key in OIDC_CLIENT_KEY cannot make'],
    ['ES256', BY_KEY, 'which the key in OIDC_CLIENT_KEY cannot make'],
    ['RS256', { ...BY_KEY, OIDC_CLIENT_KEY: ED25519 }, 'which the key in OIDC_CLIENT_KEY'],
  ])('may not be %s where nothing can make it', (algorithm, env, fault) => {
    expect(said({ ...env, OIDC_ASSERTION_ALG: algorithm })).toEqual([
      expect.stringContaining(`OIDC_ASSERTION_ALG: is ${algorithm}, ${fault}`),
    ]);
  });

  it.each([
    ['agrees on keys', X25519, 'make a key that signs'],
    ['says that it is for encryption', FOR_ENCRYPTION, 'use RS256 or RS384'],
  ])('is looked for in vain where the key %s', (_what, key, remedy) => {
    const [problem, ...others] = said({ ...BY_KEY, OIDC_CLIENT_KEY: key });
    expect(problem).toContain('OIDC_CLIENT_KEY: holds a first key that is not made for signing');
    expect(problem).toContain(remedy);
    expect(others).toEqual([]);
  });
});

describe('a certificate', () => {
  it('is shown with the key that it was made for, whatever the method', () => {
    const [provider] = configOf(byCertificate).providers;
    expect(provider?.tls.certificate).toMatch(/^-----BEGIN CERTIFICATE-----\n/);
    expect(provider?.tls.key).toMatch(/^-----BEGIN PRIVATE KEY-----\n/);
    expect(said({ ...byCertificate, OIDC_CLIENT_AUTH: 'private_key_jwt' })).toEqual([]);
  });

  it('is refused beside the key of another', () => {
    expect(said({ ...byCertificate, OIDC_CLIENT_KEY: RSA })).toEqual([
      expect.stringMatching(/^OIDC_CLIENT_CERT: does not belong to OIDC_CLIENT_KEY\. Remedy: /),
    ]);
  });

  it('is refused without a key', () => {
    const env = { ...byCertificate, OIDC_CLIENT_AUTH: 'none', OIDC_CLIENT_KEY: undefined };
    expect(said(env)).toEqual([
      'OIDC_CLIENT_CERT: is set without OIDC_CLIENT_KEY, so that it cannot be shown. Remedy: set both or neither.',
    ]);
  });

  it('is refused in one text with its key', () => {
    const both = `${byCertificate['OIDC_CLIENT_CERT']}${byCertificate['OIDC_CLIENT_KEY']}`;
    expect(said({ ...byCertificate, OIDC_CLIENT_CERT: both })).toEqual([
      'OIDC_CLIENT_CERT: holds a private key. Remedy: give the certificates alone.',
    ]);
  });

  it('of an authority may vouch for the provider', () => {
    const [provider] = configOf({ ...HTTPS_ENV, OIDC_CA: certificates.ca }).providers;
    expect(provider?.tls).toEqual({ ca: expect.stringContaining('BEGIN CERTIFICATE') });
    expect(said({ ...HTTPS_ENV, OIDC_CA: 'hunter2' })).toEqual([
      expect.stringMatching(/^OIDC_CA: holds no certificate in PEM\./),
    ]);
  });
});

describe('a key', () => {
  it('may be named by hand', () => {
    const env = { ...BY_KEY, OIDC_CLIENT_KEY: `${RSA}${ED25519}`, OIDC_CLIENT_KEY_ID: '2026-11' };
    const kids = configOf(env).providers[0]?.credentials.keys.map(({ kid }) => kid);
    expect(kids).toEqual(['2026-11', undefined]);
  });

  it.each([
    ['OIDC_CLIENT_KEY', { OIDC_CLIENT_AUTH: 'private_key_jwt', OIDC_CLIENT_SECRET: undefined }],
    ['OIDC_DECRYPTION_KEY', {}],
  ])('%s that cannot be read is told of without a word of it', (name, more) => {
    const broken = RSA.replace(/\n[^\n]{64}\n/, '\n');
    const problems = said({ ...HTTPS_ENV, ...more, [name]: broken });
    expect(problems).toEqual([
      `${name}: holds no private key that can be read. Remedy: give the private key (RSA of 2048 bits or more, EC or Ed25519), not the public one.`,
    ]);
    expect(problems.join('')).not.toContain(RSA.split('\n')[1]);
  });

  it('may come from a file', () => {
    const env = { ...BY_KEY, OIDC_CLIENT_KEY: undefined, OIDC_CLIENT_KEY_FILE: '/run/key.pem' };
    const config = configOf(env, { files: { '/run/key.pem': RSA } });
    expect(config.providers[0]?.credentials.keys).toHaveLength(1);
  });
});
