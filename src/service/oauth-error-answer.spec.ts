import { configOf, HTTPS_ENV } from '../../test/support/config-env.js';
import { fakeExchange } from '../../test/support/fake-exchange.js';
import { RecordedEvents } from '../../test/support/recorded-events.js';
import { ERROR_CATALOGUE, type ErrorCode } from '../errors/error-catalogue.js';
import { VestibuleError } from '../errors/vestibule.error.js';
import { ErrorAnswer } from '../http/error-answer.js';
import { PublicUrl } from '../http/public-url.js';
import { OAuthErrorAnswer } from './oauth-error-answer.js';
import { RecordedAudit } from '../../test/support/recorded-audit.js';

function answerTo(error: unknown) {
  const log = new RecordedEvents();
  const answer = new OAuthErrorAnswer(
    new ErrorAnswer(log, new PublicUrl(configOf(HTTPS_ENV).server), new RecordedAudit()),
  );
  const { res, ...exchange } = fakeExchange();
  answer.send({ ...exchange, res }, error);
  return { status: res.statusCode, body: res.json as Record<string, unknown>, log };
}

describe('an OAuth error', () => {
  it.each<[ErrorCode, number, string]>([
    ['bad_request', 400, 'invalid_request'],
    ['invalid_client', 401, 'invalid_client'],
    ['unauthorized_client', 400, 'unauthorized_client'],
    ['service_not_permitted', 403, 'insufficient_scope'],
    ['not_allowed', 400, 'invalid_grant'],
    ['login_rejected', 502, 'server_error'],
    ['provider_misconfigured', 502, 'server_error'],
    ['provider_unreachable', 503, 'temporarily_unavailable'],
    ['store_unavailable', 503, 'temporarily_unavailable'],
    ['internal_error', 500, 'server_error'],
  ])('says %s as %d %s', (code, status, error) => {
    expect(answerTo(new VestibuleError(code))).toMatchObject({ status, body: { error } });
  });

  it('tells nothing of what was thrown but a fixed text', () => {
    const { body, status } = answerTo(new Error('a secret'));
    expect([status, body]).toEqual([
      500,
      { error: 'server_error', error_description: ERROR_CATALOGUE.internal_error.title },
    ]);
  });

  it('has a description of the characters that RFC 6749 §5.2 allows', () => {
    for (const code of Object.keys(ERROR_CATALOGUE) as ErrorCode[])
      expect(answerTo(new VestibuleError(code)).body['error_description']).toMatch(
        /^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/,
      );
  });
});
