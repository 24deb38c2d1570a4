import { ERROR_CATALOGUE, errorEntry, type ErrorCode } from './error-catalogue.js';
import { toProblem } from './problem-details.js';
import { toVestibuleError, VestibuleError } from './vestibule.error.js';

const CODES = Object.keys(ERROR_CATALOGUE) as ErrorCode[];

describe('the error catalogue', () => {
  it.each(CODES)('says what happened and what helps: %s', (code) => {
    const { status, title, remedy } = errorEntry(code);
    expect(status).toBeGreaterThanOrEqual(400);
    expect(status).toBeLessThan(600);
    expect(title).toMatch(/^[A-Z].*[^.]$/);
    expect(remedy).toMatch(/^[A-Z].*\.$/);
  });

  it.each(CODES.filter((code) => errorEntry(code).status === 503))(
    'tells when to come back: %s',
    (code) => {
      expect(errorEntry(code).retryAfter).toBeGreaterThan(0);
    },
  );

  it.each(CODES.filter((code) => errorEntry(code).status !== 503))(
    'asks nobody to come back later: %s',
    (code) => {
      expect(errorEntry(code).retryAfter).toBeUndefined();
    },
  );

  it('logs every failure of our own as an error', () => {
    expect(errorEntry('internal_error').level).toBe('error');
    expect(errorEntry('store_unavailable').level).toBe('error');
    expect(errorEntry('provider_misconfigured').level).toBe('error');
  });
});

describe('toProblem', () => {
  it('shows the fixed text, the code and the request, never cause or detail', () => {
    const error = new VestibuleError('login_rejected', {
      cause: new Error('secret cause'),
      detail: 'secret detail',
    });
    const problem = toProblem(error, 'request-1');
    expect(problem).toEqual({
      type: 'about:blank',
      title: 'The login could not be verified',
      status: 400,
      code: 'login_rejected',
      detail: errorEntry('login_rejected').remedy,
      request_id: 'request-1',
    });
    expect(JSON.stringify(problem)).not.toContain('secret');
  });

  it('adds members, but lets none of them replace a standard one', () => {
    const error = new VestibuleError('unauthenticated', {
      members: { reason: 'idle', status: 200, code: 'fine', title: 'fine' },
    });
    expect(toProblem(error, 'request-1')).toMatchObject({
      reason: 'idle',
      status: 401,
      code: 'unauthenticated',
      title: 'Nobody is logged in',
    });
  });
});

describe('toVestibuleError', () => {
  it('leaves our own errors as they are', () => {
    const error = new VestibuleError('not_found');
    expect(toVestibuleError(error)).toBe(error);
  });

  it.each([[new Error('boom')], ['text'], [undefined], [null]])(
    'makes an internal error of %p and keeps it as the cause',
    (thrown) => {
      const error = toVestibuleError(thrown);
      expect(error.code).toBe('internal_error');
      expect(error.status).toBe(500);
      expect(error.cause).toBe(thrown);
      expect(error.message).toBe('internal_error');
    },
  );
});
