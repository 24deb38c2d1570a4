/** A peer: @fastify/session over Redis, as its documentation has it. `/login` makes a session. */
import fastifyCookie from '@fastify/cookie';
import fastifySession from '@fastify/session';
import { RedisStore } from 'connect-redis';
import fastify from 'fastify';
import { createClient } from 'redis';
import { sessionOfSize } from './session.ts';

const client = createClient({ url: process.env['REDIS_URL'] ?? '' });
await client.connect();
const app = fastify();
await app.register(fastifyCookie);
await app.register(fastifySession, {
  store: new RedisStore({ client, prefix: 'fastify:' }),
  secret: 'a secret of this benchmark that is long enough',
  cookie: { secure: false },
  saveUninitialized: false,
});
app.get('/login', async (request) => {
  Object.assign(request.session, sessionOfSize(process.env));
  return {};
});
app.get('/session', async (request) => ({
  authenticated: true,
  user: Reflect.get(request.session, 'user') as unknown,
}));
await app.listen({ port: Number(process.env['PORT']), host: '127.0.0.1' });
