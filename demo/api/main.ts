import { stopOnSignal } from '../stop-on-signal.ts';
import { startApi } from './api.ts';

const { env } = process;

const api = await startApi({
  issuer: env['PUBLIC_URL'] ?? 'http://localhost:3000',
  audience: env['API_AUDIENCE'] ?? 'api',
  jwksUri: env['API_JWKS_URI'] ?? 'http://127.0.0.1:3001/.well-known/jwks.json',
  port: Number(env['API_PORT'] ?? 4001),
  host: env['API_HOST'] ?? '127.0.0.1',
});

console.log(`Sample API at ${api.url}`);
stopOnSignal(() => api.close());
