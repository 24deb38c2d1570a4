import type { ServerMetadata } from 'openid-client';
import type { ProviderConfig } from '../config/provider-config.types.js';
import { VestibuleError } from '../errors/vestibule.error.js';
import { isJson, jsonObjectOf, type ProviderFetch } from './provider-fetch.js';
import type { TokenVerifier } from './token-verifier.js';

export type UserinfoClaims = Readonly<Record<string, unknown>> & { readonly sub: string };

/** The provider's userinfo endpoint (OIDC Core §5.3): the token in the header, never in an address. */
export class UserinfoEndpoint {
  constructor(
    private readonly provider: ProviderConfig,
    private readonly fetch: ProviderFetch,
    private readonly verifier: TokenVerifier,
  ) {}

  /**
   * Claims about the holder of the token. Aggregated and distributed claims are names like any other: no address
   * in the answer is ever called.
   * @throws VestibuleError `provider_unreachable`, `provider_misconfigured`, `login_rejected`; jose's errors
   */
  async ask(server: ServerMetadata, accessToken: string): Promise<UserinfoClaims> {
    const url = this.addressOf(server);
    if (url === undefined)
      throw new VestibuleError('provider_misconfigured', { detail: 'no userinfo endpoint' });
    const response = await this.fetch(url, {
      headers: {
        accept: 'application/json, application/jwt',
        authorization: `Bearer ${accessToken}`,
      },
      signal: AbortSignal.timeout(this.provider.timeoutMs),
    });
    if (response.status !== 200)
      throw new VestibuleError('provider_unreachable', {
        detail: `userinfo: status ${response.status}`,
      });
    const claims = await this.read(server, response);
    const sub = claims?.['sub'];
    if (claims === undefined || typeof sub !== 'string' || sub === '' || sub.length > 255)
      throw new VestibuleError('login_rejected', { detail: 'userinfo: sub' });
    return { ...claims, sub };
  }

  /** With mutual TLS the alias, where there is one (RFC 8705 §5). */
  private addressOf({
    userinfo_endpoint: url,
    mtls_endpoint_aliases: aliases,
  }: ServerMetadata): string | undefined {
    const isMutual = this.provider.credentials.method === 'tls_client_auth';
    return isMutual ? (aliases?.userinfo_endpoint ?? url) : url;
  }

  private async read(
    server: ServerMetadata,
    response: Response,
  ): Promise<Readonly<Record<string, unknown>> | undefined> {
    const type = response.headers.get('content-type') ?? '';
    if (/^application\/jwt\b/i.test(type))
      return this.verifier.userinfo(server, await response.text());
    return isJson(response) ? jsonObjectOf(response) : undefined;
  }
}
