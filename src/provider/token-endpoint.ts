import { genericGrantRequest, type ServerMetadata } from 'openid-client';
import type { ProviderConfig } from '../config/provider-config.types.js';
import type { Clock } from '../domain/clock.js';
import { VestibuleError } from '../errors/vestibule.error.js';
import { oauthClient } from './oauth-client.js';
import { isJson, jsonObjectOf, type ProviderFetch } from './provider-fetch.js';
import type { RawTokenAnswer } from './token-answer.js';

/** What openid-client needs to see of a token answer; the answer itself is judged by us. */
const OUTLINE = JSON.stringify({ access_token: 'kept', token_type: 'Bearer' });
const AS_JSON = { headers: { 'content-type': 'application/json' } };

/**
 * The provider's token endpoint (RFC 6749 §3.2). openid-client makes the request and proves who we are; what
 * comes back with status 200 passes it by, because its own reading refuses what real providers answer (no access
 * token, an `iss` of another form, HS256) and throws away the tokens that must then be revoked.
 */
export class TokenEndpoint {
  constructor(
    private readonly provider: ProviderConfig,
    private readonly fetch: ProviderFetch,
    private readonly clock: Clock,
  ) {}

  /**
   * One grant. The answer is a JSON object of status 200, otherwise unjudged.
   * @throws openid-client's errors for any other answer; VestibuleError `login_rejected` for one that is no JSON
   */
  async request(
    server: ServerMetadata,
    grantType: string,
    parameters: Readonly<Record<string, string>>,
  ): Promise<RawTokenAnswer> {
    let answer: RawTokenAnswer | undefined;
    const fetch: ProviderFetch = async (url, init) => {
      const response = await this.fetch(url, this.write(init));
      if (response.status !== 200) return readableError(response);
      answer = isJson(response) ? await jsonObjectOf(response) : undefined;
      return answer === undefined ? response : new Response(OUTLINE, AS_JSON);
    };
    const client = oauthClient(server, this.provider, fetch, this.clock);
    await genericGrantRequest(client, grantType, parameters);
    if (answer === undefined)
      throw new VestibuleError('login_rejected', { detail: 'token answer' });
    return answer;
  }

  /** The form, or the same members as JSON for services that take nothing else. */
  private write(init: RequestInit): RequestInit {
    if (this.provider.tokenRequest.format === 'form') return init;
    const headers = new Headers(init.headers);
    headers.set('content-type', 'application/json');
    const form = init.body instanceof URLSearchParams ? init.body : new URLSearchParams();
    return { ...init, headers, body: JSON.stringify(Object.fromEntries(form)) };
  }
}

/** An OAuth error is one whatever its content type says: some providers call theirs text/html. */
async function readableError(response: Response): Promise<Response> {
  if (response.status < 400 || response.status > 499 || isJson(response)) return response;
  const body = await jsonObjectOf(response);
  if (typeof body?.['error'] !== 'string') return response;
  const headers = new Headers(response.headers);
  headers.set('content-type', 'application/json');
  return new Response(JSON.stringify(body), { status: response.status, headers });
}
