import { stopOnSignal } from '../demo/stop-on-signal.ts';
import { startOp, webClient } from '../demo/op/op.ts';

/** The real provider in a process of its own. It has as many users as are asked for, and changes its keys when told. */
const { env } = process;
const setting = (name: string): string => {
  const value = env[name];
  if (value === undefined) throw new Error(`${name} is missing`);
  return value;
};

const users = Array.from({ length: Number(setting('OP_USERS')) }, (_, at) => ({
  sub: `user-${at}`,
  name: `User ${at}`,
  email: `user-${at}@example.com`,
  groups: ['staff'],
}));

const op = await startOp({
  port: Number(setting('OP_PORT')),
  issuer: setting('OP_ISSUER'),
  resource: setting('OP_RESOURCE'),
  accessTokenSeconds: Number(setting('OP_ACCESS_TOKEN_SECONDS')),
  users,
  clients: [
    webClient({
      clientId: setting('OIDC_CLIENT_ID'),
      clientSecret: setting('OIDC_CLIENT_SECRET'),
      publicUrl: setting('PUBLIC_URL'),
    }),
  ],
});
// Requests that a drill breaks off are errors here, and Koa prints them.
console.error = () => undefined;

process.on('message', (word) => {
  if (word !== 'rotate') return;
  op.rotateKeys().then(
    () => process.send?.('rotated'),
    (error: unknown) => process.stderr.write(`${String(error)}\n`),
  );
});
process.channel?.unref();
stopOnSignal(() => op.close());
