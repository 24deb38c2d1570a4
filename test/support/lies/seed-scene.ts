import type { BffHost } from '../bff-host.js';
import { changeJson } from '../emulators/answers.js';
import type { TokenContext } from '../emulators/emulator.types.js';
import { jsonOf, locationOf, type Hop } from '../http-exchange.js';
import type { Answer } from '../op-host.js';
import { SEED_CLIENT_ID, SeedStage, type SeedStageOptions } from '../seed-stage.js';
import type { ShiftedClock } from '../shifted-clock.js';
import { readToken } from '../signing-key.js';
import type { UserAgent } from '../user-agent.js';
import type { TellToken, TokenTruth } from './lie.types.js';
import { Scene, strangerTo, type Asked, type AskedCall, type Query } from './scene.js';

export interface SeedSceneOptions extends SeedStageOptions {
  /** Which token says who logs in. */
  readonly proof?: 'id_token' | 'access_token';
  readonly strangerUrl?: string;
}

/** An emulated provider that lies by its own mouth. */
export class SeedScene extends Scene {
  readonly teller: string;
  private earlier = '';

  private constructor(
    readonly stage: SeedStage,
    private readonly options: SeedSceneOptions,
  ) {
    super();
    this.teller = options.profile;
  }

  static async open(options: SeedSceneOptions): Promise<SeedScene> {
    return new SeedScene(await SeedStage.open(options), options);
  }

  get clock(): ShiftedClock {
    return this.stage.clock;
  }

  get bff(): BffHost {
    return this.stage.bff;
  }

  get signedWith(): 'published' | 'secret' {
    return this.stage.provider.idTokenAlg.startsWith('HS') ? 'secret' : 'published';
  }

  person(): UserAgent {
    return this.stage.person();
  }

  logIn(person: UserAgent, query: Query = {}): Promise<Hop> {
    return this.stage.logIn(person, query);
  }

  /** The true answer to a login, before the browser has followed it to us. */
  async callbackFor(person: UserAgent): Promise<URL> {
    let next = new URL(this.bff.url('/login'));
    do {
      next = locationOf(await person.load(next.href));
    } while (next.origin !== this.bff.origin);
    return next;
  }

  asked(): readonly AskedCall[] {
    return this.stage.provider.calls.map(({ endpoint, body, answer }) => {
      const what: Asked = endpoint === 'jwks' ? 'keys' : (endpoint ?? 'other');
      return { what, body, answer };
    });
  }

  tellToken(tell: TellToken): void {
    const { proof = 'id_token' } = this.options;
    this.stage.provider.tamper.token = async (answer, context) => {
      const told = await tell(this.truthOf(answer, context));
      return changeJson(answer, ({ [proof]: _true, ...rest }) =>
        told === undefined ? rest : { ...rest, [proof]: told },
      );
    };
  }

  behave(): void {
    const { tamper } = this.stage.provider;
    delete tamper.token;
    delete tamper.callback;
    delete tamper.userinfo;
  }

  override async member(): Promise<UserAgent> {
    const person = await super.member();
    const { proof = 'id_token' } = this.options;
    const answer = this.stage.provider.callsOf('token').at(-1)?.answer ?? { body: '{}' };
    this.earlier = String(jsonOf(answer)[proof]);
    return person;
  }

  close(): Promise<void> {
    return this.stage.close();
  }

  private truthOf(given: Answer, { sign }: TokenContext): TokenTruth {
    const { proof = 'id_token', strangerUrl = '' } = this.options;
    const { provider, client, clock } = this.stage;
    const answer = jsonOf(given);
    const token = readToken(String(answer[proof]));
    return {
      ...token,
      sign:
        proof === 'id_token'
          ? sign
          : (claims, header) => provider.keyFor(provider.idTokenAlg).sign(claims, header),
      accessToken: String(answer['access_token']),
      answer,
      now: Math.floor(clock.now() / 1000),
      clientId: SEED_CLIENT_ID,
      clientSecret: client.clientSecret ?? '',
      published: provider.keys,
      stranger: strangerTo(token),
      strangerUrl,
      earlier: this.earlier,
    };
  }
}
