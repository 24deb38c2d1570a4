import { Configuration } from 'openid-client';
import { endSessionUrl, fillLogoutTemplate, type LogoutRequest } from './logout-url.js';

const request: LogoutRequest = {
  postLogoutRedirectUri: 'https://app.example/logout/done?a=b&c=d#e',
  state: 'the state',
};

describe('the end-session endpoint (RP-Initiated Logout §2)', () => {
  const client = (endpoint?: string): Configuration =>
    new Configuration(
      {
        issuer: 'https://login.example',
        ...(endpoint !== undefined && { end_session_endpoint: endpoint }),
      },
      'app/1',
    );

  it('is told where to send the person back, and who asks', () => {
    const url = new URL(endSessionUrl(client('https://login.example/end?x=y'), request) ?? '');
    expect(url.origin + url.pathname).toBe('https://login.example/end');
    expect(Object.fromEntries(url.searchParams)).toEqual({
      x: 'y',
      client_id: 'app/1',
      post_logout_redirect_uri: request.postLogoutRedirectUri,
      state: 'the state',
    });
  });

  it('gets the ID token as a hint where there is one', () => {
    const url = endSessionUrl(client('https://login.example/end'), {
      ...request,
      idToken: 'a.b.c',
    });
    expect(new URL(url ?? '').searchParams.get('id_token_hint')).toBe('a.b.c');
  });

  it('is nowhere when the provider names none', () => {
    expect(endSessionUrl(client(), request)).toBeUndefined();
  });
});

describe('a template', () => {
  const fill = (template: string, more: Partial<LogoutRequest> = {}): string =>
    fillLogoutTemplate(template, 'app/1 ö', { ...request, ...more });

  it('has its places filled, each value as one value', () => {
    const url = new URL(
      fill(
        'https://t.example/logout?redirect_url={post_logout_redirect_uri}&id={client_id}&s={state}&h={id_token_hint}',
        { idToken: 'a.b.c' },
      ),
    );
    expect(Object.fromEntries(url.searchParams)).toEqual({
      redirect_url: request.postLogoutRedirectUri,
      id: 'app/1 ö',
      s: 'the state',
      h: 'a.b.c',
    });
    expect(url.hash).toBe('');
  });

  it('may use a place twice, or none', () => {
    expect(fill('https://t.example/{state}/{state}')).toBe(
      'https://t.example/the%20state/the%20state',
    );
    expect(fill('https://t.example/logout')).toBe('https://t.example/logout');
  });

  it('keeps a place empty for which there is nothing', () => {
    expect(fill('https://t.example/?h={id_token_hint}&x={nobody_knows}')).toBe(
      'https://t.example/?h=&x=',
    );
  });

  it('is not filled a second time by what was filled in', () => {
    expect(
      fill('https://t.example/?s={state}&h={id_token_hint}', {
        state: '{id_token_hint}',
        idToken: 'secret',
      }),
    ).toBe('https://t.example/?s=%7Bid_token_hint%7D&h=secret');
  });

  it('takes no special signs of a replacement for its own', () => {
    expect(fill('https://t.example/?s={state}', { state: "$&$1$'" })).toBe(
      "https://t.example/?s=%24%26%241%24'",
    );
  });
});
