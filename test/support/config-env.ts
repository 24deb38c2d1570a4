import type { ConfigProblem } from '../../src/config/config-problem.js';
import type { VestibuleConfig } from '../../src/config/config.types.js';
import { loadConfig } from '../../src/config/load-config.js';
import type { Env } from '../../src/config/source/environment.js';

/** A server key of 32 equal bytes, for tests only. */
export function testKey(kid: string, byte = 7): string {
  return `${kid}:${Buffer.alloc(32, byte).toString('base64url')}`;
}

/** The least that starts on this machine. */
export const LOOPBACK_ENV: Env = {
  PUBLIC_URL: 'http://localhost:3000',
  SESSION_KEYS: testKey('k1'),
  OIDC_ISSUER: 'http://127.0.0.1:4000',
  OIDC_CLIENT_ID: 'app',
  OIDC_CLIENT_SECRET: 'a-client-secret',
};

/** The least that starts behind https. */
export const HTTPS_ENV: Env = {
  ...LOOPBACK_ENV,
  PUBLIC_URL: 'https://app.example.com',
  OIDC_ISSUER: 'https://login.example.org',
  REDIS_URL: 'redis://redis:6379',
};

export interface FakeFiles {
  readonly files?: Readonly<Record<string, string>>;
  readonly folders?: readonly string[];
}

/** `loadConfig` over files that exist only in the test. */
export function loadWith(
  env: Env,
  { files = {}, folders = [] }: FakeFiles = {},
): ReturnType<typeof loadConfig> {
  const readFile = (path: string): string => {
    const text = files[path];
    if (text === undefined) throw Object.assign(new Error(`no ${path}`), { code: 'ENOENT' });
    return text;
  };
  return loadConfig(env, readFile, (path) => folders.includes(path));
}

/** The configuration of an environment that must be right. */
export function configOf(env: Env, files?: FakeFiles): VestibuleConfig {
  const loaded = loadWith(env, files);
  if (loaded.kind === 'ok') return loaded.config;
  throw new Error(`unexpected problems: ${JSON.stringify(loaded.problems)}`);
}

/** The problems of an environment; empty when it is right. */
export function problemsOf(env: Env, files?: FakeFiles): readonly ConfigProblem[] {
  const loaded = loadWith(env, files);
  return loaded.kind === 'ok' ? [] : loaded.problems;
}

/** The notices of an environment that must be right. */
export function noticesOf(env: Env, files?: FakeFiles): readonly string[] {
  const loaded = loadWith(env, files);
  if (loaded.kind === 'ok') return loaded.notices;
  throw new Error(`unexpected problems: ${JSON.stringify(loaded.problems)}`);
}
