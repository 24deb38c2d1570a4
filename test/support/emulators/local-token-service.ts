import { exchange } from '../http-exchange.js';
import type { Answer, AnsweredCall, Call } from '../op-host.js';
import { json } from './answers.js';
import { Front } from './front.js';

export interface LocalTokenServiceOptions {
  /** Where the code is redeemed: the token endpoint of the Google emulator. */
  readonly tokenEndpoint: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly redirectUri: string;
}

/**
 * The service of seed 000 to the letter: `POST /token` takes exactly `application/json` with a `code` and answers
 * what Google answers to that code. It has credentials and a redirect URI of its own, and knows no PKCE.
 */
export class LocalTokenService {
  readonly calls: AnsweredCall[] = [];

  private constructor(
    private readonly front: Front,
    private readonly options: LocalTokenServiceOptions,
  ) {
    front.handle(async (call) => {
      const answer = await this.answerTo(call);
      this.calls.push({ ...call, answer });
      return answer;
    });
  }

  static async start(options: LocalTokenServiceOptions): Promise<LocalTokenService> {
    return new LocalTokenService(await Front.open(['127.0.0.1']), options);
  }

  get tokenEndpoint(): string {
    return `${this.front.origins[0] ?? ''}/token`;
  }

  close(): Promise<void> {
    return this.front.close();
  }

  private async answerTo(call: Call): Promise<Answer> {
    if (call.path !== '/token') return json(404, { error: 'not_found' });
    if (call.method !== 'POST') return json(405, { error: 'method_not_allowed' });
    if (call.headers['content-type'] !== 'application/json')
      return json(415, { error: 'unsupported_media_type' });
    const code = codeOf(call.body);
    return code === undefined ? badRequest() : this.redeem(code);
  }

  private async redeem(code: string): Promise<Answer> {
    const { clientId, clientSecret, redirectUri, tokenEndpoint } = this.options;
    const { status, body } = await exchange(tokenEndpoint, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({
        grant_type: 'authorization_code',
        code,
        client_id: clientId,
        client_secret: clientSecret,
        redirect_uri: redirectUri,
      }).toString(),
    });
    return status === 200 ? json(200, JSON.parse(body)) : badRequest();
  }
}

/** The one error that the document knows. */
function badRequest(): Answer {
  return json(400, { error: 'invalid_grant', error_description: 'Bad Request' });
}

/** Members other than `code` are not looked at. */
function codeOf(body: string): string | undefined {
  try {
    const parsed: unknown = JSON.parse(body);
    const code: unknown = Object(parsed) === parsed ? Reflect.get(parsed as object, 'code') : '';
    return typeof code === 'string' && code !== '' ? code : undefined;
  } catch {
    return undefined;
  }
}
