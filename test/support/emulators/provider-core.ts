import { randomBytes } from 'node:crypto';
import { PATHS, type Answer, type AnsweredCall } from '../op-host.js';
import type { SigningKey, TokenClaims } from '../signing-key.js';
import { html, json } from './answers.js';
import type {
  Authorization,
  EmulatedCall,
  EmulatedClient,
  EndpointName,
  Endpoints,
  Tampers,
} from './emulator.types.js';
import type { Front, FrontCall } from './front.js';
import { Grants } from './grants.js';
import { newProviderKey, signWithSecret } from './provider-key.js';
import { ALICE } from './user-claims.js';

/** 256 bits, as text. */
export function randomText(bytes = 32): string {
  return randomBytes(bytes).toString('base64url');
}

/** What every emulated provider has: clients, a user, keys, what it gave out, and a record of all calls. */
export abstract class ProviderCore {
  readonly calls: EmulatedCall[] = [];
  readonly tamper: Tampers = {};
  readonly clients = new Map<string, EmulatedClient>();
  readonly grants = new Grants();
  /** Every login, the last one last. */
  readonly logins: Authorization[] = [];
  /** Who is logged in at the provider; all claims that it knows of them. */
  user: TokenClaims = ALICE;
  /** Milliseconds since 1970. */
  now: () => number = Date.now;
  /** The algorithm of ID tokens: an asymmetric one, or HS256, HS384, HS512 under the client's secret. */
  idTokenAlg = 'RS256';
  private readonly made = new Map<string, SigningKey>();

  constructor(private readonly front: Front) {
    front.handle((call) => this.take(call));
  }

  abstract readonly issuer: string;
  abstract readonly endpoints: Endpoints;
  protected abstract answerAt(endpoint: EndpointName, call: FrontCall): Answer | Promise<Answer>;

  get origins(): readonly string[] {
    return this.front.origins;
  }

  register(client: EmulatedClient): void {
    this.clients.set(client.clientId, client);
  }

  /** What `iss` says in tokens, where it is not the issuer. */
  get tokenIssuer(): string {
    return this.issuer;
  }

  /** The key that signs with an algorithm; made when it is first wanted. */
  keyFor(alg: string): SigningKey {
    const key = this.made.get(alg) ?? newProviderKey(alg, `${alg.toLowerCase()}-1`);
    this.made.set(alg, key);
    return key;
  }

  /** From now on another key signs with this algorithm. */
  useKey(alg: string, key: SigningKey): void {
    this.made.set(alg, key);
  }

  get keys(): readonly SigningKey[] {
    return [...this.made.values()];
  }

  /** Signs an ID or logout token as this client gets them. */
  signFor(
    client: EmulatedClient,
    claims: TokenClaims,
    header: Readonly<Record<string, unknown>> = {},
  ): string {
    if (!this.idTokenAlg.startsWith('HS')) return this.keyFor(this.idTokenAlg).sign(claims, header);
    return signWithSecret(this.idTokenAlg, client.clientSecret ?? '', claims, header);
  }

  /** A logout token for one login (Back-Channel Logout 1.0 §2.4). */
  logoutToken(login: Authorization, more: TokenClaims = {}): string {
    const iat = this.seconds();
    const events = { 'http://schemas.openid.net/event/backchannel-logout': {} };
    const { client, sid } = login;
    const who = { iss: this.tokenIssuer, aud: client.clientId, sub: login.user['sub'], sid };
    const claims = { ...who, iat, exp: iat + 120, jti: randomText(), events, ...more };
    return this.signFor(client, claims, { typ: 'logout+jwt' });
  }

  /** The last login. */
  get login(): Authorization {
    const last = this.logins.at(-1);
    if (last === undefined) throw new Error('nobody has logged in yet');
    return last;
  }

  callsOf(endpoint: EndpointName): EmulatedCall[] {
    return this.calls.filter((call) => call.endpoint === endpoint);
  }

  /** The calls under the paths that the scan for leaked secrets knows (`PATHS` of op-host.ts). */
  get knownCalls(): AnsweredCall[] {
    return this.calls.map((call) =>
      call.endpoint === undefined ? call : { ...call, path: PATHS[NAMES[call.endpoint]] },
    );
  }

  async close(): Promise<void> {
    await this.front.close();
  }

  protected seconds(): number {
    return Math.floor(this.now() / 1000);
  }

  /** Pages beside the endpoints. */
  protected answerElsewhere(_call: FrontCall): Answer | undefined {
    return undefined;
  }

  /** What an endpoint answers to a method that it does not take. */
  protected wrongMethod(): Answer {
    return json(405, { error: 'invalid_request', error_description: 'method not allowed' });
  }

  private async take(call: FrontCall): Promise<Answer> {
    const endpoint = this.endpointAt(`${call.origin}${call.path}`);
    const answer =
      endpoint === undefined
        ? (this.answerElsewhere(call) ?? html(404, 'Not Found'))
        : await this.answerAt(endpoint, call);
    const told = (await this.tamper.any?.(answer, { call })) ?? answer;
    this.calls.push({ ...call, endpoint, answer: told });
    return told;
  }

  private endpointAt(address: string): EndpointName | undefined {
    const found = Object.entries(this.endpoints).find(([, at]) => at === address);
    return found?.[0] as EndpointName | undefined;
  }
}

const NAMES: Readonly<Record<EndpointName, keyof typeof PATHS>> = {
  discovery: 'discovery',
  authorize: 'authorize',
  token: 'token',
  userinfo: 'userinfo',
  jwks: 'keys',
  revoke: 'revoke',
  endSession: 'endSession',
};
