import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { errors } from 'oidc-provider';
import { RESOURCE } from '../support/op-host.js';
import { CLIENT_ID, Stage } from '../support/stage.js';

const run = promisify(execFile);
const NATIVE = 'https://native.example.com/callback';
const LOCAL = 'https://local.example.com/callback';
const ORDERS = 'https://orders.example.com';

/** What the README says of internal services: the configuration, and the commands. */
function examples(): { readonly file: string; readonly commands: readonly string[] } {
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
  const [section = ''] = readme.split('## Internal services\n').slice(1);
  const [, file = ''] = /```yaml\n(.*?)```/s.exec(section) ?? [];
  const [, shell = ''] = /```sh\n(.*?)```/s.exec(section) ?? [];
  const commands = shell.replaceAll('\\\n', ' ').split('\n');
  return { file, commands: commands.filter((line) => line.startsWith('curl ')) };
}

it('what the README says of internal services is what they do', async () => {
  const { file, commands } = examples();
  const secret = (): string => randomBytes(32).toString('base64url');
  const secrets = { GATEWAY: secret(), NATIVE: secret(), SUPPORT: secret() };
  const hashes = Object.entries(secrets).map(([name, value]) => [
    `${name}_HASH`,
    `sha256:${createHash('sha256').update(value).digest('base64url')}`,
  ]);
  await using stage = await Stage.open({
    file,
    env: { ...(Object.fromEntries(hashes) as Record<string, string>), OIDC_RESOURCES: ORDERS },
    op: { configuration: CONFIGURATION },
  });
  stage.op.register({
    clientId: CLIENT_ID,
    clientSecret: stage.clientSecret,
    publicUrl: stage.bff.url(''),
    more: { redirect_uris: [stage.url('/callback'), NATIVE, LOCAL] },
  });
  const [person, other] = [await stage.member(), await stage.member()];
  const VERIFIER = randomBytes(32).toString('base64url');
  const codeFor = async (redirectUri: string): Promise<string> => {
    const challenge = createHash('sha256').update(VERIFIER).digest('base64url');
    const query = new URLSearchParams({
      response_type: 'code',
      client_id: CLIENT_ID,
      redirect_uri: redirectUri,
      scope: 'openid',
      ...(redirectUri === NATIVE && {
        code_challenge: challenge,
        code_challenge_method: 'S256',
      }),
    });
    const from = `${stage.op.issuer}/auth?${query.toString()}`;
    return new URL(await stage.sentTo([redirectUri], { from })).searchParams.get('code') ?? '';
  };
  const answers: string[] = [];
  for (const command of commands) {
    const env = {
      PATH: process.env['PATH'],
      INTERNAL: stage.bff.internalOrigin,
      GATEWAY_SECRET: secrets.GATEWAY,
      NATIVE_SECRET: secrets.NATIVE,
      SUPPORT_SECRET: secrets.SUPPORT,
      COOKIE: await person.cookie(stage.url('/'), stage.bff.cookieName),
      CODE: await codeFor(command.includes('native') ? NATIVE : LOCAL),
      SESSION_ID: String((await stage.view(other))['session_id']),
      VERIFIER,
    };
    answers.push((await run('sh', ['-c', `${command} -w ' %{http_code}'`], { env })).stdout);
  }
  expect(answers).toEqual([
    expect.stringMatching(/^\{"active":true,.*\} 200$/),
    expect.stringMatching(/^\{"access_token":.*"issued_token_type":.*\} 200$/),
    expect.stringMatching(/^\{"access_token":.*"id_token":.*\} 200$/),
    expect.stringMatching(/^\{"access_token":.*"id_token":.*\} 200$/),
    expect.stringMatching(/^\{"sessions":\[\{.*\},\{.*\}\]\} 200$/),
    ' 204',
    '{"ended":1} 200',
  ]);
});

const CONFIGURATION = {
  pkce: { required: () => false },
  features: {
    resourceIndicators: {
      enabled: true,
      defaultResource: async () => RESOURCE,
      useGrantedResource: async () => true,
      getResourceServerInfo: async (_ctx: unknown, resource: string) => {
        if (![RESOURCE, ORDERS].includes(resource)) throw new errors.InvalidTarget();
        return {
          scope: 'orders:read',
          audience: resource,
          accessTokenFormat: 'jwt' as const,
          accessTokenTTL: 300,
          jwt: { sign: { alg: 'RS256' as const } },
        };
      },
    },
  },
};
