import { FixedClock } from '../../test/support/fixed-clock.js';
import { providerConfig } from '../../test/support/provider-config.js';
import { RecordedEvents } from '../../test/support/recorded-events.js';
import { unsignedToken } from '../../test/support/signing-key.js';
import { ProviderRegistry } from './provider-registry.js';

const A = 'https://a.example';
const B = 'https://b.example';
const registry = new ProviderRegistry(
  [
    providerConfig({ id: 'one', issuer: A, clientId: 'app-1' }),
    providerConfig({ id: 'two', issuer: A, clientId: 'app-2' }),
    providerConfig({ id: 'three', issuer: B, clientId: 'app-1' }),
  ],
  new FixedClock(),
  new RecordedEvents(),
);

const chosen = (claims: Record<string, unknown>): string | undefined =>
  registry.issuing(unsignedToken(claims))?.config.id;

describe('the provider that is to verify a token', () => {
  it('is the one that the token names', () => {
    expect(chosen({ iss: B, aud: 'app-1' })).toBe('three');
  });

  it('is, of several clients of one issuer, the one that the token is for', () => {
    expect(chosen({ iss: A, aud: 'app-1' })).toBe('one');
    expect(chosen({ iss: A, aud: 'app-2' })).toBe('two');
    expect(chosen({ iss: A, aud: ['x', 'app-2'] })).toBe('two');
  });

  it('is one of that issuer when the token is for nobody here: it refuses', () => {
    expect(chosen({ iss: A, aud: 'app-3' })).toBe('one');
  });

  it.each([[`${A}/`], ['https://A.example'], [''], [undefined], [7], [[A]]])(
    'is nobody when the token says %s',
    (iss) => {
      expect(chosen({ iss, aud: 'app-1' })).toBeUndefined();
    },
  );

  it('is nobody for what is no token', () => {
    expect(registry.issuing('')).toBeUndefined();
    expect(registry.issuing('a.b.c')).toBeUndefined();
  });
});

describe('a provider by id', () => {
  it('is found, or is not there', () => {
    expect(registry.find('two')?.config.clientId).toBe('app-2');
    expect(registry.find('four')).toBeUndefined();
    expect(registry.named('one').config.id).toBe('one');
    expect(() => registry.named('four')).toThrow(
      expect.objectContaining({ code: 'unknown_provider' }),
    );
  });
});
