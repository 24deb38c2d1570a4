import { createHash, randomBytes } from 'node:crypto';
import { exchange, jsonOf, type Hop } from '../http-exchange.js';
import type { EmulatedProvider } from './emulated-provider.js';
import type { ClientAuthMethod, EmulatedClient } from './emulator.types.js';

/** Parameters laid over the right ones; undefined leaves one out. */
export type Changes = Readonly<Record<string, string | undefined>>;

export interface TokenSending {
  readonly form?: Changes;
  /** Sent as it is, in place of the form. */
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly method?: string;
}

/** A relying party that does just what it is told: what it sends is right unless it is changed. */
export class RawClient {
  readonly verifier = randomBytes(32).toString('base64url');
  readonly state = randomBytes(32).toString('base64url');

  constructor(
    private readonly provider: EmulatedProvider,
    readonly client: EmulatedClient,
    private readonly options: { readonly authorize?: Changes; readonly pkce: boolean },
  ) {
    provider.register(client);
  }

  get redirectUri(): string {
    return this.client.redirectUris[0] ?? '';
  }

  /** Goes to the authorization endpoint, and on as long as the provider leads on itself. */
  async authorize(changes: Changes = {}): Promise<Hop> {
    const challenge = createHash('sha256').update(this.verifier).digest('base64url');
    const query = present({
      response_type: 'code',
      client_id: this.client.clientId,
      redirect_uri: this.redirectUri,
      scope: 'openid',
      state: this.state,
      nonce: 'n-1',
      ...(this.options.pkce && { code_challenge: challenge, code_challenge_method: 'S256' }),
      ...this.options.authorize,
      ...changes,
    });
    let hop = await exchange(`${this.provider.endpoints.authorize ?? ''}?${query}`);
    for (;;) {
      const next = hop.headers.location;
      if (next === undefined || !this.provider.origins.includes(new URL(next).origin)) return hop;
      hop = await exchange(next);
    }
  }

  /** The parameters of the callback. */
  async callback(changes: Changes = {}): Promise<URLSearchParams> {
    const { location, ...rest } = (await this.authorize(changes)).headers;
    if (location === undefined) throw new Error(`no way back: ${JSON.stringify(rest)}`);
    return new URL(location).searchParams;
  }

  async code(changes: Changes = {}): Promise<string> {
    return (await this.callback(changes)).get('code') ?? '';
  }

  /** The right request for the tokens of a code, or a changed one. */
  async redeem(code: string, { form = {}, ...sending }: TokenSending = {}): Promise<Hop> {
    return this.post({
      ...sending,
      form: {
        grant_type: 'authorization_code',
        code,
        redirect_uri: this.redirectUri,
        ...(this.options.pkce && { code_verifier: this.verifier }),
        ...this.credentials(sending.headers),
        ...form,
      },
    });
  }

  refresh(refreshToken: string, { form = {}, ...sending }: TokenSending = {}): Promise<Hop> {
    return this.post({
      ...sending,
      form: {
        grant_type: 'refresh_token',
        refresh_token: refreshToken,
        ...this.credentials(sending.headers),
        ...form,
      },
    });
  }

  /** The Basic header of this client; with another secret, if one is given. */
  basic(secret = this.client.clientSecret ?? ''): string {
    const pair = [this.client.clientId, secret].map((part) => encodeURIComponent(part)).join(':');
    return `Basic ${Buffer.from(pair).toString('base64')}`;
  }

  private credentials(headers: TokenSending['headers']): Changes {
    const { clientId: client_id, clientSecret: client_secret, authMethod } = this.client;
    if (headers?.['authorization'] !== undefined || authMethod === 'client_secret_basic') return {};
    return authMethod === 'none' ? { client_id } : { client_id, client_secret };
  }

  private post({ form = {}, body, headers = {}, method = 'POST' }: TokenSending): Promise<Hop> {
    const basic = this.client.authMethod === 'client_secret_basic' &&
      form['client_secret'] === undefined && { authorization: this.basic() };
    return exchange(this.provider.endpoints.token ?? '', {
      method,
      headers: { 'content-type': 'application/x-www-form-urlencoded', ...basic, ...headers },
      body: body ?? present(form),
    });
  }
}

function present(parameters: Changes): string {
  const given = Object.entries(parameters).filter(([, value]) => value !== undefined);
  return new URLSearchParams(Object.fromEntries(given) as Record<string, string>).toString();
}

export const SECRET = '64b517f8de3648091654eb4ee9b479d3';
export const REDIRECT_URI = 'http://app.localhost/callback';

/** A client as a console would have it. */
export function clientFor(authMethod: ClientAuthMethod): EmulatedClient {
  return {
    clientId: '5e37979f7b757ead14c534af',
    ...(authMethod !== 'none' && { clientSecret: SECRET }),
    authMethod,
    redirectUris: [REDIRECT_URI],
    postLogoutRedirectUris: ['http://app.localhost/logout/done'],
  };
}

/** The `error` of an answer. */
export function errorOf(hop: Hop): unknown {
  return jsonOf(hop)['error'];
}

/** A token in an answer. */
export function tokenOf(hop: Hop, name: string): string {
  const value = jsonOf(hop)[name];
  if (typeof value !== 'string') throw new Error(`no ${name} in the answer`);
  return value;
}

export function userinfoAt(provider: EmulatedProvider, accessToken: string): Promise<Hop> {
  return exchange(provider.endpoints.userinfo ?? '', {
    headers: { authorization: `Bearer ${accessToken}` },
  });
}
