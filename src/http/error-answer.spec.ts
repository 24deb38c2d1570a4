import { configOf, HTTPS_ENV } from '../../test/support/config-env.js';
import { fakeExchange } from '../../test/support/fake-exchange.js';
import { RecordedEvents } from '../../test/support/recorded-events.js';
import { VestibuleError } from '../errors/vestibule.error.js';
import { ErrorAnswer } from './error-answer.js';
import { PublicUrl } from './public-url.js';
import { RecordedAudit } from '../../test/support/recorded-audit.js';

const NAVIGATION = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };
const urls = new PublicUrl(configOf({ ...HTTPS_ENV, BASE_PATH: '/app' }).server);

function answer(thrown: unknown, headers: Readonly<Record<string, string>> = {}) {
  const log = new RecordedEvents();
  const exchange = fakeExchange({ method: 'POST', headers });
  new ErrorAnswer(log, urls, new RecordedAudit()).send(exchange, thrown);
  return { res: exchange.res, events: log.events };
}

describe('the answer to an error', () => {
  it('is a problem document for everything but a navigation (RFC 9457)', () => {
    const { res } = answer(new VestibuleError('csrf_refused'));
    expect(res.statusCode).toBe(403);
    expect(res.getHeader('content-type')).toBe('application/problem+json; charset=utf-8');
    expect(res.json).toMatchObject({ code: 'csrf_refused', request_id: 'request-1' });
  });

  it('is a page with the same code for a person who navigates', () => {
    const { res } = answer(new VestibuleError('login_rejected'), NAVIGATION);
    expect(res.statusCode).toBe(400);
    expect(res.getHeader('content-type')).toBe('text/html; charset=utf-8');
    expect(res.getHeader('content-security-policy')).toContain("script-src 'nonce-");
    expect(res.body).toContain('<code>login_rejected</code>');
    expect(res.body).toContain('href="/app/login"');
  });

  it('tells somebody who is not logged in where to log in, and why the session ended', () => {
    const { res } = answer(new VestibuleError('unauthenticated', { members: { reason: 'idle' } }));
    expect(res.json).toMatchObject({ login_url: '/app/login', reason: 'idle', status: 401 });
  });

  it.each([
    ['store_unavailable' as const, 1],
    ['provider_unreachable' as const, 5],
  ])('says when to try again: %s', (code, seconds) => {
    expect(answer(new VestibuleError(code)).res.getHeader('retry-after')).toBe(seconds);
  });

  it('shows nothing of a fault of ours (E-45, E-52)', () => {
    const { res } = answer(new Error('the secret is hunter2'));
    expect(res.statusCode).toBe(500);
    expect(res.json).toMatchObject({ code: 'internal_error' });
    expect(res.body).not.toContain('hunter2');
  });

  it('breaks the connection off when the head is out already', () => {
    const log = new RecordedEvents();
    const exchange = fakeExchange();
    exchange.res.writeHead(200);
    exchange.res.flushHeaders();
    new ErrorAnswer(log, urls, new RecordedAudit()).send(
      exchange,
      new VestibuleError('internal_error'),
    );
    expect(exchange.res.destroyed).toBe(true);
    expect(exchange.res.body).toBe('');
  });
});

describe('the log line of an error', () => {
  const secret = 'hunter2';

  it('carries request, method, code and detail', () => {
    const { events } = answer(new VestibuleError('csrf_refused', { detail: 'no header' }));
    expect(events).toEqual([
      {
        name: 'request.refused',
        fields: expect.objectContaining({
          request: 'request-1',
          method: 'POST',
          code: 'csrf_refused',
          detail: 'no header',
        }),
      },
    ]);
  });

  it('is a failure for what is our fault, and silence for what is everyday', () => {
    expect(answer(new VestibuleError('store_unavailable')).events[0]?.name).toBe('request.failed');
    expect(answer(new VestibuleError('unauthenticated')).events).toEqual([]);
    expect(answer(new VestibuleError('not_found')).events).toEqual([]);
  });

  it.each([
    ['one line', `the secret is ${secret}`],
    ['several lines', `first\n${secret}`],
    ['a line that looks like a place in the code', `first\n    at ${secret} (x.ts:1:1)`],
    ['nothing but such a line', `at ${secret}`],
  ])('never carries the message of a cause: %s', (_what, message) => {
    const outer = new Error('outer', { cause: new TypeError(message) });
    for (const thrown of [
      new Error(message),
      outer,
      new VestibuleError('internal_error', { cause: outer }),
    ]) {
      const { events } = answer(thrown);
      expect(events).toHaveLength(1);
      expect(JSON.stringify(events)).not.toContain(secret);
    }
  });

  it('names class and code of the causes, and the place of the innermost', () => {
    const inner = Object.assign(new TypeError('secret'), { code: 'ECONNREFUSED' });
    const { events } = answer(
      new VestibuleError('upstream_unreachable', { cause: new Error('outer', { cause: inner }) }),
    );
    expect(events[0]?.fields['cause']).toMatch(
      /^Error < TypeError < ECONNREFUSED < at .*error-answer\.spec/,
    );
  });

  it('says nothing of a cause that is no error', () => {
    const { events } = answer(new VestibuleError('internal_error', { cause: secret }));
    expect(events[0]?.fields['cause']).toBeUndefined();
  });
});
