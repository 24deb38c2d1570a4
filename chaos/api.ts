import { createServer, type IncomingMessage } from 'node:http';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { stopOnSignal } from '../demo/stop-on-signal.ts';

/** An API that lets nobody in without a valid access token of the provider, and says whose it was. */
const { env } = process;
const options = {
  issuer: env['OP_ISSUER'] ?? '',
  audience: env['OP_RESOURCE'] ?? '',
  clockTolerance: 1,
};
// Straight to the provider: what a drill breaks is the way between Vestibule and the provider.
const keys = createRemoteJWKSet(new URL(env['OP_KEYS'] ?? ''), { cooldownDuration: 0 });

async function whose({ headers }: IncomingMessage): Promise<string | undefined> {
  const token = /^Bearer (.+)$/u.exec(headers.authorization ?? '')?.[1] ?? '';
  return jwtVerify(token, keys, options).then(
    ({ payload }) => payload.sub,
    () => undefined,
  );
}

const server = createServer((request, response) => {
  void whose(request).then((subject) => {
    response.writeHead(subject === undefined ? 401 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ subject: subject ?? null }));
  });
});
// A proxy's idle connection must not be closed under its next request.
server.keepAliveTimeout = 60_000;
server.listen(Number(env['API_PORT']), '127.0.0.1');
stopOnSignal(async () => server.closeAllConnections());
