import type { BffHost } from '../bff-host.js';
import { newProviderKey } from '../emulators/provider-key.js';
import { jsonOf, type Hop } from '../http-exchange.js';
import { PATHS, type Answer } from '../op-host.js';
import type { ShiftedClock } from '../shifted-clock.js';
import { readToken, type SigningKey } from '../signing-key.js';
import { CLIENT_ID, Stage, type StageOptions } from '../stage.js';
import type { UserAgent } from '../user-agent.js';
import type { TellToken, TokenTruth } from './lie.types.js';
import { Scene, strangerTo, type Asked, type AskedCall, type Query } from './scene.js';

export interface OpSceneOptions extends StageOptions {
  readonly teller?: string;
  /** Another key than the provider's own signs; it is published beside it. */
  readonly signer?: SigningKey;
  /** What the truth is, where it is not just what the provider signs. */
  readonly truth?: TellToken;
  /** The truth of the userinfo endpoint is a signed JWT (OIDC Core §5.3.2). */
  readonly signedUserinfo?: true;
  /** Where somebody else publishes the key of a stranger. */
  readonly strangerUrl?: string;
}

const NAMES = new Map(
  Object.entries(PATHS).map(([name, path]): [string, Asked] => [path, name as Asked]),
);
/** The provider publishes it, and signs nothing with it. */
export const OTHER_KEY = newProviderKey('ES256', 'es-1');

/** A real provider, falsified on its way. */
export class OpScene extends Scene {
  readonly teller: string;
  readonly signedWith = 'published';
  private earlier = '';
  private last = '';

  private constructor(
    readonly stage: Stage,
    private readonly options: OpSceneOptions,
  ) {
    super();
    this.teller = options.teller ?? 'oidc-provider';
    this.behave();
  }

  static async open(options: OpSceneOptions = {}): Promise<OpScene> {
    return new OpScene(await Stage.open(options), options);
  }

  get clock(): ShiftedClock {
    return this.stage.clock;
  }

  get bff(): BffHost {
    return this.stage.bff;
  }

  person(): UserAgent {
    return this.stage.person();
  }

  logIn(person: UserAgent, query: Query = {}): Promise<Hop> {
    return this.stage.logIn(person, query);
  }

  asked(): readonly AskedCall[] {
    return this.stage.op.calls.map(({ path, body, answer }) => ({
      what: NAMES.get(path) ?? 'other',
      body,
      answer,
    }));
  }

  /** The key that signs truly. */
  get signer(): SigningKey {
    return this.options.signer ?? this.stage.op.key;
  }

  tellToken(tell: TellToken): void {
    this.stage.op.rewriteJson(PATHS.token, async (answer) => {
      const { id_token: _true, ...rest } = answer;
      const told = await tell(this.truthOf(answer));
      return told === undefined ? rest : { ...rest, id_token: told };
    });
  }

  behave(): void {
    const { op } = this.stage;
    op.behave();
    // Without `alg`: what may sign is decided by our configuration alone.
    const { alg: _alg, ...own } = op.key.publicJwk;
    const { signer, truth, signedUserinfo } = this.options;
    // A decoy of the same name comes first (row C-20).
    const decoy = { ...OTHER_KEY.publicJwk, kid: op.key.kid };
    const others = [OTHER_KEY, ...(signer === undefined ? [] : [signer])];
    op.rewriteJson(PATHS.keys, () => ({
      keys: [decoy, own, ...others.map((key) => key.publicJwk)],
    }));
    if (signedUserinfo === true) op.rewrite(PATHS.userinfo, (answer) => this.signed(answer));
    if (truth !== undefined || signer !== undefined)
      this.tellToken(truth ?? (({ token }) => token));
  }

  override async member(): Promise<UserAgent> {
    const person = await super.member();
    const answer = this.stage.op.callsOf(PATHS.token).at(-1)?.answer ?? { body: '{}' };
    this.earlier = this.last;
    this.last = String(jsonOf(answer)['id_token']);
    return person;
  }

  close(): Promise<void> {
    return this.stage.close();
  }

  private signed(answer: Answer): Answer {
    const { op } = this.stage;
    const body = op.key.sign({ ...jsonOf(answer), iss: op.issuer, aud: CLIENT_ID });
    return { ...answer, headers: { 'content-type': 'application/jwt' }, body };
  }

  private truthOf(answer: Readonly<Record<string, unknown>>): TokenTruth {
    const { signer, earlier } = this;
    const given = readToken(String(answer['id_token']));
    const { at_hash: _ofItsAlgorithm, ...claims } = given.claims;
    const { op, clientSecret, clock } = this.stage;
    const token = signer === op.key ? given : readToken(signer.sign(claims));
    return {
      ...token,
      sign: (claims, header) => signer.sign(claims, header),
      accessToken: String(answer['access_token']),
      answer,
      now: Math.floor(clock.now() / 1000),
      clientId: CLIENT_ID,
      clientSecret,
      published: [op.key, OTHER_KEY],
      stranger: strangerTo(token),
      strangerUrl: this.options.strangerUrl ?? '',
      earlier,
    };
  }
}
