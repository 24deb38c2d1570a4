import { generatedBlock, markdownTable } from '../support/generated-table.js';
import { jsonOf, type Hop } from '../support/http-exchange.js';
import { PATHS, type Answer } from '../support/op-host.js';
import { Stage } from '../support/stage.js';
import type { UserAgent } from '../support/user-agent.js';

const LIFE_MS = 300_000;
const PAUSE_OVER_MS = 60_000;
const json = (status: number, body: object): Answer => ({
  status,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
});
const html = (status: number): Answer => ({
  status,
  headers: { 'content-type': 'text/html' },
  body: '<!doctype html><title>Maintenance</title>',
});
const falsified =
  (claims: object) =>
  (stage: Stage): void =>
    stage.op.forgeIdToken((token) => stage.op.key.sign({ ...token.claims, ...claims }));
const failing =
  (fault: Parameters<Stage['op']['fail']>[1]) =>
  (stage: Stage): void =>
    stage.op.fail(PATHS.token, fault);

type Break = (stage: Stage) => void | Promise<void>;
/** What the provider does when it is asked for new tokens. */
const ANSWERS: readonly (readonly [string, Break])[] = [
  ['400 `invalid_grant`', failing(json(400, { error: 'invalid_grant' }))],
  ['401 `invalid_client`', failing(json(401, { error: 'invalid_client' }))],
  ['400 with another OAuth error', failing(json(400, { error: 'invalid_scope' }))],
  ['429', failing(429)],
  ['500', failing(json(500, { error: 'server_error' }))],
  ['503 with an HTML page', failing(html(503))],
  ['302 to somewhere else', failing({ ...html(302), headers: { location: '/login' } })],
  ['connection refused', (stage) => stage.op.down()],
  ['connection broken after the request', failing('reset')],
  ['no answer until `OIDC_TIMEOUT`', failing('hang')],
  ['200 with an HTML page', failing(html(200))],
  ['200 without an access token', failing(json(200, { token_type: 'Bearer' }))],
  [
    '200 with a token that cannot be believed',
    failing(json(200, { token_type: 'mac', refresh_token: 'x'.repeat(40) })),
  ],
  ['200 with the ID token of another user', falsified({ sub: 'mallory' })],
  ['200 for a user whom the `allow` rules refuse now', falsified({ groups: ['guests'] })],
];
const HEADER = [
  'The provider answers a refresh with',
  'a call gets, access token expired',
  'a call gets, access token still valid',
  'the session',
  'logged',
  'then left alone for a while by',
];

interface Outcome {
  readonly call: string;
  readonly session: string;
  readonly logged: string;
}

const open = (): Promise<Stage> =>
  Stage.open({
    env: {
      OIDC_TIMEOUT: '1s',
      OIDC_SCOPE: 'openid profile email groups orders:read',
      OIDC_ALLOW_GROUPS: 'staff',
    },
  });

async function outcomeOf(stage: Stage, person: UserAgent): Promise<Outcome> {
  const [lines, received] = [stage.bff.lines.length, stage.api.received.length];
  const answer = await stage.call(person);
  // Whatever the provider brought goes nowhere.
  expect(stage.api.received.length - received).toBe(answer.status === 200 ? 1 : 0);
  const logged = logOf(stage.bff.lines.slice(lines));
  const { authenticated, reason } = await stage.view(person);
  return {
    call: toldBy(answer),
    session: authenticated === true ? 'kept' : `ended: \`${String(reason)}\``,
    logged,
  };
}

function toldBy(answer: Hop): string {
  if (answer.status === 200) return '200, by the old token';
  const { code, reason } = jsonOf(answer);
  return [answer.status, code, reason]
    .filter((part) => part !== undefined)
    .map((part) =>
      typeof part === 'number' ? part : `\`${JSON.stringify(part).replaceAll('"', '')}\``,
    )
    .join(' ');
}

function logOf(lines: readonly string[]): string {
  const told = lines
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .filter(({ event }) => /^(?:token|session)\./.test(String(event)))
    .map(({ event, failure, reason }) => `\`${String(event)}\` (${String(failure ?? reason)})`);
  return told.join(', ');
}

const attempts = (stage: Stage): number => stage.bff.logged('token.refresh_failed').length;

/** Who is not even tried for, right after this person's failure: everybody, or this person's session alone. */
async function leftAloneBy(stage: Stage, person: UserAgent, other: UserAgent): Promise<string> {
  const before = attempts(stage);
  await stage.call(person);
  const own = attempts(stage) > before;
  await stage.call(other);
  // A refused user is told apart by the end of the session alone.
  const others = attempts(stage) > before || !(await isLive(stage, other));
  if (!others) return 'all sessions';
  return own || !(await isLive(stage, person)) ? 'nobody' : 'this session';
}

const isLive = async (stage: Stage, person: UserAgent): Promise<boolean> =>
  (await stage.view(person))['authenticated'] === true;

describe('a refresh that fails', () => {
  const rows: string[][] = [];

  it.each(ANSWERS)(
    '%s has one outcome, and nobody hears anything else (ATK-74, P-35)',
    async (name, fails) => {
      await using stage = await open();
      const [young, old, other] = [
        await stage.member(),
        await stage.member(),
        await stage.member(),
      ];
      await stage.call(young);
      await fails(stage);
      stage.clock.advance(LIFE_MS - 10_000);
      const valid = await outcomeOf(stage, young);
      stage.clock.advance(PAUSE_OVER_MS);
      const expired = await outcomeOf(stage, old);
      expect(expired).toMatchObject({ session: valid.session, logged: valid.logged });
      const alone = await leftAloneBy(stage, old, other);
      rows.push([name, expired.call, valid.call, expired.session, expired.logged, alone]);
    },
  );

  it('is what ARCHITECTURE.md says of it', () => {
    const { documented, found } = generatedBlock(
      'ARCHITECTURE.md',
      'refresh-failures',
      markdownTable(HEADER, rows),
    );
    expect(documented).toBe(found);
  });
});
