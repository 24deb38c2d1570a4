import { InstanceProcess } from '../support/instance-process.js';
import { jsonOf, type Hop } from '../support/http-exchange.js';
import { PATHS } from '../support/op-host.js';
import { Stage } from '../support/stage.js';

const PIECE = 32;
const KINDS = ['access_token', 'refresh_token', 'id_token'] as const;

/** What the provider gave for the session, of a token that is a JWT what only this one has. */
function tokensOf(stage: Stage): Readonly<Record<(typeof KINDS)[number], string>> {
  const answer = jsonOf(stage.op.callsOf(PATHS.token).at(-1)?.answer ?? { body: '{}' });
  const [access = '', refresh = '', id = ''] = KINDS.map((kind) => String(answer[kind]));
  return { access_token: access, refresh_token: refresh, id_token: id };
}

function isIn(heap: string, token: string): boolean {
  // Strings of a snapshot are cut off, and the claims of two tokens are alike: the signature is not.
  const part = token.split('.').at(-1) ?? '';
  return heap.includes(token.slice(0, 200)) || heap.includes(part.slice(0, PIECE));
}

describe('the memory of an instance', () => {
  let stage: Stage;
  let instance: InstanceProcess;
  beforeAll(async () => {
    stage = await Stage.open({ redis: true });
    instance = await InstanceProcess.start(stage, { heapReadable: true });
  });
  afterAll(async () => {
    await instance.end();
    await stage.close();
  });

  const ask = (cookie: string, path: string, method = 'GET'): Promise<Hop> =>
    stage.send(instance.url(path), { method, headers: { cookie, 'x-csrf': '1' } });
  const heap = async (): Promise<string> =>
    (await instance.heapStrings(() => stage.send(instance.url('/session')))).join('\n');
  const held = async (tokens: ReturnType<typeof tokensOf>): Promise<string[]> => {
    const text = await heap();
    return KINDS.filter((kind) => isIn(text, tokens[kind]));
  };

  it('holds no token of a session that has ended, here or elsewhere', async () => {
    for (const where of ['here', 'elsewhere'] as const) {
      const person = await stage.member();
      const cookie = await stage.cookieOf(person);
      const tokens = tokensOf(stage);
      expect((await ask(cookie, '/api/orders')).status).toBe(200);
      expect(await held(tokens)).toEqual([...KINDS]);
      // Until it is answered, a revocation has the token.
      const revoked = stage.op.next(PATHS.revoke);
      if (where === 'here') expect((await ask(cookie, '/logout', 'POST')).status).toBe(200);
      else await stage.call(person, '/logout', { method: 'POST' });
      await revoked;
      expect((await ask(cookie, '/api/orders')).status).toBe(401);
      expect(await held(tokens)).toEqual([]);
    }
  });
});
