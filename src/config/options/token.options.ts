import { withDefault } from '../option.js';
import { duration } from '../values/duration.js';

/** Section `tokens`: keeping access tokens fresh. */
export const tokenOptions = {
  leewayMs: withDefault({
    key: 'leeway',
    env: 'TOKEN_LEEWAY',
    type: duration('0s', '1h'),
    default: '30s',
    doc: 'How long before its end an access token is renewed, so that it does not die on the way to the API.',
  }),
  aheadMs: withDefault({
    key: 'ahead',
    env: 'TOKEN_AHEAD',
    type: duration('0s', '1h'),
    default: '0s',
    doc: 'How long before its end an access token is renewed beside a request that uses it, which does not wait. 0 is off; useful where the provider is slow, with more than `TOKEN_LEEWAY`.',
  }),
  lockMs: withDefault({
    key: 'lock',
    type: duration('1s', '5m'),
    default: '15s',
    doc: 'How long one replica may hold the right to refresh without renewing it. Longer than a call to the provider takes.',
  }),
  waitMs: withDefault({
    key: 'wait',
    type: duration('100ms', '1m'),
    default: '5s',
    doc: "How long a request waits for another one's refresh.",
  }),
};
