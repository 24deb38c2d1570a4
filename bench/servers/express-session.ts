/** A peer: express-session over Redis on Express, as its documentation has it. `/login` makes a session. */
import { RedisStore } from 'connect-redis';
import express from 'express';
import session from 'express-session';
import { createClient } from 'redis';
import { sessionOfSize } from './session.ts';

const client = createClient({ url: process.env['REDIS_URL'] ?? '' });
await client.connect();
const app = express();
app.disable('x-powered-by');
app.use(
  session({
    store: new RedisStore({ client }),
    secret: 'a secret of this benchmark',
    resave: false,
    saveUninitialized: false,
  }),
);
app.get('/login', (req, res) => {
  Object.assign(req.session, sessionOfSize(process.env));
  res.json({});
});
app.get('/session', (req, res) => {
  res.json({ authenticated: true, user: Reflect.get(req.session, 'user') });
});
app.listen(Number(process.env['PORT']), '127.0.0.1');
