import { configOf, HTTPS_ENV } from '../../test/support/config-env.js';
import { providerConfig } from '../../test/support/provider-config.js';
import type { ProviderConfig } from '../config/provider-config.types.js';
import { VestibuleError } from '../errors/vestibule.error.js';
import { PublicUrl } from '../http/public-url.js';
import type { ProviderRegistry } from '../provider/provider-registry.js';
import { LoginRequests, type LoginRequest } from './login-requests.js';
import { ReturnTo } from './return-to.js';

const { server, routes, login } = configOf(HTTPS_ENV);
const APP = 'https://app.example.com/signed-in';
const ONE = { id: 'one', label: 'The First', issuer: 'https://one.example', tokenIssuers: ['one'] };
const TWO = { id: 'two', label: 'two', issuer: 'https://two.example', tokenIssuers: ['two'] };

function requests(...providers: readonly Partial<ProviderConfig>[]): LoginRequests {
  const all = providers.map((more) => ({ config: providerConfig(more) }));
  const named = (id: string) => {
    const found = all.find(({ config }) => config.id === id);
    if (found === undefined) throw new VestibuleError('unknown_provider');
    return found;
  };
  const registry = { all, named } as unknown as ProviderRegistry;
  const returnTo = new ReturnTo(server, routes);
  return new LoginRequests(registry, returnTo, new PublicUrl(server), login);
}

const read = (query: string, of = requests(ONE, TWO)) => of.read(new URLSearchParams(query));
const refusal = (code: string) => expect.objectContaining({ code });

function requestOf(query: string, of?: LoginRequests): LoginRequest {
  const reading = read(query, of);
  if (reading.kind === 'request') return reading.request;
  throw new Error('a choice');
}

describe('one provider', () => {
  it('needs no choice and has the plain redirect URI', () => {
    expect(requestOf('', requests(ONE))).toMatchObject({
      provider: { config: { id: 'one' } },
      redirectUri: 'https://app.example.com/callback',
      forApp: false,
      returnTo: '/',
      parameters: {},
      healed: false,
    });
  });
});

describe('several providers', () => {
  it('are chosen by id and have a redirect URI each', () => {
    expect(requestOf('provider=two&return_to=/x%23y&prompt=login&foo=bar')).toMatchObject({
      redirectUri: 'https://app.example.com/callback/two',
      returnTo: '/x#y',
      parameters: { prompt: 'login' },
    });
  });

  it('are offered with what was judged', () => {
    const query = { prompt: 'login', return_to: '/x', healed: '1' };
    const asked = 'prompt=login&return_to=/x&healed=1&scope=all';
    expect(read(asked)).toEqual({
      kind: 'choose',
      choices: [
        { label: 'The First', query: { ...query, provider: 'one' } },
        { label: 'two', query: { ...query, provider: 'two' } },
      ],
      query,
    });
    expect(read('return_to=//evil.example&prompt=')).toMatchObject({ query: {} });
  });

  it.each([
    ['provider=three', 'unknown_provider'],
    ['provider=', 'unknown_provider'],
    ['provider=one&provider=two', 'bad_request'],
    ['return_to=/a&return_to=/b', 'bad_request'],
    ['prompt=a&prompt=a', 'bad_request'],
    ['max_age=1e3', 'bad_request'],
  ])('are not chosen by %s', (query, code) => {
    expect(() => read(query)).toThrow(refusal(code));
  });
});

describe("an application's redirect URI", () => {
  const listing = { ...ONE, redirectUris: [APP] };

  it('is taken byte for byte from the list of the provider, and narrows the choice', () => {
    const request = requestOf(`redirect_uri=${APP}`, requests(listing, TWO));
    expect(request).toMatchObject({ redirectUri: APP, forApp: true });
    expect(request.provider.config.id).toBe('one');
    const both = requests(listing, { ...TWO, redirectUris: [APP] });
    expect(read(`redirect_uri=${APP}`, both)).toMatchObject({ query: { redirect_uri: APP } });
  });

  it.each([
    `redirect_uri=${APP}/`,
    `redirect_uri=${APP.toUpperCase()}`,
    `redirect_uri=${APP.slice(0, -1)}`,
    'redirect_uri=',
    'redirect_uri=https://app.example.com/callback',
    `redirect_uri=${APP}&redirect_uri=${APP}`,
    `redirect_uri=${APP}&provider=two`,
  ])('is refused: %s', (query) => {
    expect(() => read(query, requests(listing, TWO))).toThrow(refusal('bad_request'));
  });
});

describe('a third party (OIDC Core §4)', () => {
  const ISS = 'iss=https://one.example';

  it('chooses the provider, a hint and a place, and nothing else (A-44, ATK-25)', () => {
    const query = `${ISS}&login_hint=bob&target_link_uri=/x&return_to=/y&prompt=none&max_age=x&healed=1&redirect_uri=${APP}`;
    expect(requestOf(query)).toMatchObject({
      redirectUri: 'https://app.example.com/callback/one',
      forApp: false,
      returnTo: '/x',
      parameters: { login_hint: 'bob' },
      healed: false,
    });
  });

  it('may call the provider as its tokens do', () => {
    expect(requestOf('iss=two').provider.config.id).toBe('two');
  });

  it('that names an issuer with two registrations leaves a choice', () => {
    const sharing = requests(ONE, { ...TWO, issuer: ONE.issuer });
    expect(read(`${ISS}&login_hint=bob&target_link_uri=/x`, sharing)).toMatchObject({
      kind: 'choose',
      query: { login_hint: 'bob', return_to: '/x' },
    });
  });

  it.each([
    ['iss=', 'unknown_provider'],
    ['iss=https://one.example/', 'unknown_provider'],
    ['iss=https://evil.example', 'unknown_provider'],
    [`${ISS}&provider=one`, 'bad_request'],
    [`${ISS}&${ISS}`, 'bad_request'],
    [`${ISS}&login_hint=${'h'.repeat(1_025)}`, 'bad_request'],
    [`${ISS}&target_link_uri=/a&target_link_uri=/b`, 'bad_request'],
  ])('is refused with %s', (query, code) => {
    expect(() => read(query)).toThrow(refusal(code));
    expect(() => requests(ONE, TWO).initiated(new URLSearchParams(query))).toThrow(refusal(code));
  });

  it('that sends a form goes on by the same question as a link', () => {
    const form = new URLSearchParams(`${ISS}&login_hint=b%26c&target_link_uri=//evil.example&x=y`);
    expect(requests(ONE, TWO).initiated(form)).toEqual({
      iss: ONE.issuer,
      login_hint: 'b&c',
      target_link_uri: '/',
    });
    expect(() => requests(ONE).initiated(new URLSearchParams('login_hint=b'))).toThrow(
      refusal('unknown_provider'),
    );
  });
});
