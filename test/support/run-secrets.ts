import type { VestibuleConfig } from '../../src/config/config.types.js';
import type { Hop } from './http-exchange.js';
import type { Secret, SecretKind } from './leak-scan.js';
import type { AnsweredCall } from './op-host.js';

/** Every secret of a run, learnt from where it came into being: the provider, our Set-Cookie, the configuration. */
export function* secretsOfRun(run: {
  readonly calls: readonly AnsweredCall[];
  readonly hops: readonly Hop[];
  readonly config: VestibuleConfig;
}): Iterable<Secret> {
  for (const call of run.calls) yield* secretsOfCall(call);
  for (const hop of run.hops) yield* secretsOfHop(hop, run.config);
  for (const key of run.config.session.keys)
    yield { kind: 'session key', value: key.secret.toString('base64url') };
  for (const { credentials, decryptionKeys } of run.config.providers) {
    const { secret, keys } = credentials;
    if (secret !== undefined) yield { kind: 'client secret', value: secret };
    for (const { key } of [...keys, ...decryptionKeys])
      yield { kind: 'private key', value: String(key.export({ format: 'jwk' }).d) };
  }
}

const ANSWERED: Readonly<Record<string, SecretKind>> = {
  access_token: 'access token',
  refresh_token: 'refresh token',
  id_token: 'id token',
};
const SENT: Readonly<Record<string, SecretKind>> = {
  code: 'code',
  code_verifier: 'verifier',
  refresh_token: 'refresh token',
  client_assertion: 'client assertion',
};

function* secretsOfCall({ path, query, body, answer }: AnsweredCall): Iterable<Secret> {
  if (path === '/auth') yield* named(Object.fromEntries(query), { state: 'state' });
  const location = answer.headers.location;
  if (location !== undefined && URL.canParse(location)) {
    yield* named(Object.fromEntries(new URL(location).searchParams), { code: 'code' });
  }
  if (path !== '/token') return;
  yield* named(Object.fromEntries(new URLSearchParams(body)), SENT);
  if (answer.status === 200) yield* named(parsed(answer.body), ANSWERED);
}

function* secretsOfHop(hop: Hop, { cookie }: VestibuleConfig): Iterable<Secret> {
  for (const line of hop.headers['set-cookie'] ?? []) {
    const [pair = ''] = line.split(';', 1);
    const at = pair.indexOf('=');
    const [name, value] = [pair.slice(0, at), pair.slice(at + 1)];
    if (value === '') continue;
    if (name === cookie.loginName) yield { kind: 'browser binding', value };
    if (name !== cookie.name) continue;
    const signed = decodeURIComponent(value);
    yield { kind: 'session cookie', value: signed };
    yield { kind: 'session id', value: signed.slice('s:'.length, signed.lastIndexOf('.')) };
  }
  if (new URL(hop.url).pathname.endsWith('/session') && hop.status === 200) {
    const logoutUrl = new URL(String(parsed(hop.body)['logout_url']), hop.url);
    yield* named(Object.fromEntries(logoutUrl.searchParams), { token: 'logout token' });
  }
}

function* named(
  values: Readonly<Record<string, unknown>>,
  kinds: Readonly<Record<string, SecretKind>>,
): Iterable<Secret> {
  for (const [name, kind] of Object.entries(kinds)) {
    const value = values[name];
    // What a test made up (`state=x`) is no secret of the run.
    if (typeof value === 'string' && value.length >= 32) yield { kind, value };
  }
}

function parsed(text: string): Record<string, unknown> {
  try {
    // Nor need it be an object.
    return (JSON.parse(text) ?? {}) as Record<string, unknown>;
  } catch {
    // A falsified answer need not be JSON.
    return {};
  }
}
