import type { ClientMetadata, ServerMetadata } from 'openid-client';
import { providerConfig } from '../../test/support/provider-config.js';
import type { ProviderConfig } from '../config/config.types.js';
import { clientAuthentication } from './client-auth.js';

const server: ServerMetadata = { issuer: 'https://login.example' };

function authenticate(config: Partial<ProviderConfig>) {
  const provider = providerConfig(config);
  const client: ClientMetadata = { client_id: provider.clientId };
  const body = new URLSearchParams();
  const headers = new Headers();
  clientAuthentication(provider)(server, client, body, headers);
  return { authorization: headers.get('authorization'), body: Object.fromEntries(body) };
}

function basic(clientId: string, clientSecret: string): string {
  const { authorization } = authenticate({
    clientAuth: 'client_secret_basic',
    clientId,
    clientSecret,
  });
  return Buffer.from((authorization ?? '').replace(/^Basic /, ''), 'base64').toString('utf8');
}

describe('client_secret_basic', () => {
  it.each([
    ['*', '*'],
    ['-', '-'],
    ['.', '.'],
    ['_', '_'],
    [':', '%3A'],
    ['+', '%2B'],
    ['%', '%25'],
    [' ', '+'],
    ['ö', '%C3%B6'],
    ['~', '%7E'],
    ['&=', '%26%3D'],
    ['!', '%21'],
    ['aZ09', 'aZ09'],
    ['', ''],
  ])('form-urlencodes %p to %p in both parts (RFC 6749 §2.3.1)', (value, encoded) => {
    expect(basic(`id${value}`, value)).toBe(`id${encoded}:${encoded}`);
  });

  it('keeps id and secret apart when both contain a colon', () => {
    expect(basic('a:b', 'c:d')).toBe('a%3Ab:c%3Ad');
  });

  it('puts nothing into the body', () => {
    const { authorization, body } = authenticate({ clientAuth: 'client_secret_basic' });
    expect(authorization).toMatch(/^Basic [A-Za-z0-9+/]+=*$/);
    expect(body).toEqual({});
  });
});

describe('client_secret_post', () => {
  it('puts id and secret into the body and nothing into a header', () => {
    const sent = authenticate({ clientAuth: 'client_secret_post', clientSecret: 'a:+ö' });
    expect(sent).toEqual({
      authorization: null,
      body: { client_id: 'app', client_secret: 'a:+ö' },
    });
  });
});

describe('none', () => {
  it('names the client and sends no secret', () => {
    expect(authenticate({ clientAuth: 'none' })).toEqual({
      authorization: null,
      body: { client_id: 'app' },
    });
  });
});
