import { configOf, LOOPBACK_ENV } from '../../test/support/config-env.js';
import { fakeExchange } from '../../test/support/fake-exchange.js';
import { OwnPage } from '../http/own-page.js';
import { PublicUrl } from '../http/public-url.js';
import type { LogoutToken } from '../session/logout-token.js';
import { LogoutController } from './logout.controller.js';
import type { LogoutService } from './logout.service.js';
import type { LogoutState } from './logout-state.js';

const config = configOf(LOOPBACK_ENV);
const short = 'https://login.example/end?client_id=app&id_token_hint=hint&state=s';
const long = `https://login.example/end?client_id=app&id_token_hint=${'h'.repeat(5_000)}&state=s`;

function controller(location: string): LogoutController {
  const logouts = { logOut: async () => location } as unknown as LogoutService;
  const tokens = { belongsTo: async () => true, of: async () => 't' } as unknown as LogoutToken;
  const ownPage = new OwnPage(config.csrf, config.server);
  const urls = new PublicUrl(config.server);
  return new LogoutController(logouts, tokens, {} as LogoutState, urls, ownPage, config.login);
}

const navigation = {
  'sec-fetch-mode': 'navigate',
  'sec-fetch-dest': 'document',
  'sec-fetch-site': 'same-origin',
};
const byLink = { path: '/logout', search: '?token=t', headers: navigation };
const byFetch = {
  method: 'POST',
  path: '/logout',
  headers: { 'x-csrf': '1', 'sec-fetch-site': 'same-origin' },
};

describe('where a logout leads', () => {
  it('is a redirect while the address is short', async () => {
    const exchange = fakeExchange(byLink);
    await controller(short).page(exchange);
    expect(exchange.res.statusCode).toBe(302);
    expect(exchange.res.getHeader('location')).toBe(short);
  });

  it('is a form that sends itself when the address is too long (RP-Initiated Logout §2, F-52)', async () => {
    const exchange = fakeExchange(byLink);
    await controller(long).page(exchange);
    expect(exchange.res.statusCode).toBe(200);
    expect(exchange.res.getHeader('location')).toBeUndefined();
    expect(exchange.res.body).toContain('action="https://login.example/end"');
    expect(exchange.res.body).toContain(`name="id_token_hint" value="${'h'.repeat(5_000)}"`);
  });

  it('is for a script an address without the hint when it would be too long', async () => {
    const exchange = fakeExchange(byFetch);
    await controller(long).post(exchange);
    expect(exchange.res.json).toEqual({
      location: 'https://login.example/end?client_id=app&state=s',
    });
    const other = fakeExchange(byFetch);
    await controller(short).post(other);
    expect(other.res.json).toEqual({ location: short });
  });
});
