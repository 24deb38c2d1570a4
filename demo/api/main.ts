import { stopOnSignal } from '../stop-on-signal.ts';
import { startApi } from './api.ts';

const { env } = process;

const api = await startApi({
  issuer: env['API_ISSUER'] ?? 'http://127.0.0.1:4000',
  audience: env['API_AUDIENCE'] ?? 'urn:vestibule:demo-api',
  port: Number(env['API_PORT'] ?? 4001),
  host: env['API_HOST'] ?? '127.0.0.1',
});

console.log(`Sample API at ${api.url}`);
stopOnSignal(() => api.close());
