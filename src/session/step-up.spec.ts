import { liveSession } from '../../test/support/live-session.js';
import { tokenSet } from '../../test/support/session-fixtures.js';
import type { StepUpConfig } from '../config/config.types.js';
import type { Identity } from '../domain/identity.js';
import { VestibuleError } from '../errors/vestibule.error.js';
import { checkStepUp } from './step-up.js';

const NOW_S = 1_000_000;

/** What is asked for beside what there is, or 'enough'. */
function judge(
  asked: Partial<StepUpConfig>,
  known: Partial<Identity> = {},
  scope?: string,
): unknown {
  const tokens = tokenSet(scope === undefined ? {} : { scope });
  try {
    checkStepUp({ acr: [], scopes: [], ...asked }, liveSession(known), tokens, NOW_S * 1_000);
    return 'enough';
  } catch (error) {
    if (!(error instanceof VestibuleError)) throw error;
    return { code: error.code, ...error.members };
  }
}

const STEP_UP = 'step_up_required';

describe('a login', () => {
  it('is enough where nothing is asked for', () => {
    expect(judge({})).toBe('enough');
  });

  it.each([
    ['gold', 'enough'],
    ['silver', 'enough'],
    ['bronze', { code: STEP_UP, acr_values: 'gold silver' }],
    ['Gold', { code: STEP_UP, acr_values: 'gold silver' }],
    ['gold silver', { code: STEP_UP, acr_values: 'gold silver' }],
    [undefined, { code: STEP_UP, acr_values: 'gold silver' }],
  ])('that was %p is strong enough for gold or silver: %j', (acr, outcome) => {
    expect(judge({ acr: ['gold', 'silver'] }, acr === undefined ? {} : { acr })).toEqual(outcome);
  });

  it.each([
    [0, 'enough'],
    [600, 'enough'],
    [601, { code: STEP_UP, max_age: 600 }],
    // Clocks differ; a login in the future is no old one.
    [-5, 'enough'],
  ])('of %d seconds ago is recent enough for ten minutes: %j', (ago, outcome) => {
    expect(judge({ maxAgeS: 600 }, { authTime: NOW_S - ago })).toEqual(outcome);
  });

  it('of which nobody knows when it was is not recent', () => {
    expect(judge({ maxAgeS: 600 })).toEqual({ code: STEP_UP, max_age: 600 });
  });

  it('is asked for both at once, though one of them would do', () => {
    const asked = { acr: ['gold'], maxAgeS: 60 };
    const both = { code: STEP_UP, acr_values: 'gold', max_age: 60 };
    expect(judge(asked, { acr: 'gold', authTime: NOW_S - 61 })).toEqual(both);
    expect(judge(asked, { acr: 'bronze', authTime: NOW_S })).toEqual(both);
    expect(judge(asked, { acr: 'gold', authTime: NOW_S })).toBe('enough');
  });
});

describe('an access token', () => {
  const asked = { scopes: ['read', 'write'] };

  it.each([
    ['write read', 'enough'],
    ['read write more', 'enough'],
    ['read', { code: 'insufficient_scope', scope: 'write' }],
    ['reader writer', { code: 'insufficient_scope', scope: 'read write' }],
    ['', { code: 'insufficient_scope', scope: 'read write' }],
    [undefined, { code: 'insufficient_scope', scope: 'read write' }],
  ])('with the scope %p may read and write: %j', (scope, outcome) => {
    expect(judge(asked, {}, scope)).toEqual(outcome);
  });

  it('is looked at after the login: a stronger one may bring more', () => {
    expect(judge({ ...asked, acr: ['gold'] })).toMatchObject({ code: STEP_UP });
  });
});
