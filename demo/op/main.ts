import { stopOnSignal } from '../stop-on-signal.ts';
import { demoApiResource, startOp, webClient } from './op.ts';

const { env } = process;

function required(name: string): string {
  const value = env[name];
  if (value !== undefined && value !== '') return value;
  throw new Error(`${name} is missing; npm run demo sets it`);
}

const op = await startOp({
  port: Number(env['OP_PORT'] ?? 4000),
  host: env['OP_HOST'] ?? '127.0.0.1',
  ...(env['OP_ISSUER'] === undefined ? {} : { issuer: env['OP_ISSUER'] }),
  resource: env['OP_RESOURCE'] ?? demoApiResource,
  accessTokenSeconds: Number(env['OP_ACCESS_TOKEN_SECONDS'] ?? 120),
  clients: [
    webClient({
      clientId: required('OIDC_CLIENT_ID'),
      clientSecret: required('OIDC_CLIENT_SECRET'),
      publicUrl: required('PUBLIC_URL').replace(/\/$/u, ''),
      ...(env['OP_BACKCHANNEL_LOGOUT_URI'] === undefined
        ? {}
        : { backchannelLogoutUri: env['OP_BACKCHANNEL_LOGOUT_URI'] }),
    }),
  ],
});

op.provider.on('backchannel.error', (_ctx, error, client) => {
  console.warn(`back-channel logout of ${client.clientId} failed: ${error.message}`);
});
op.provider.on('grant.error', (_ctx, error) => {
  console.warn(`token request refused: ${error.error} (${error.error_detail ?? error.message})`);
});
op.provider.on('server_error', (_ctx, error) => console.error(error));
console.log(`OpenID Provider at ${op.issuer}`);
stopOnSignal(() => op.close());
