import { ReplyError } from 'ioredis';
import * as fc from 'fast-check';
import { failureName, isReadOnlyReply } from '../../../src/store/redis/redis-failure.js';
import { redisFindings } from '../../../src/store/redis/redis-findings.js';
import type { RedisClient } from '../../../src/store/redis/redis.client.js';
import { formatSignal, parseSignal } from '../../../src/store/session-signal.js';
import { must } from '../expectations.js';
import { slowTarget, target, type FuzzTarget } from '../fuzz-target.js';
import { anyJson } from '../inputs/json-values.js';
import { changed } from '../inputs/texts.js';

const SIGNALS = ['ended key logout', 'renewed key', 'changed key', 'ended key', 'renewed', ' ', ''];
const signals = target({
  name: 'signal of the store',
  files: ['store/session-signal.ts'],
  inputs: changed(SIGNALS, 3),
  check: (text) => {
    const signal = parseSignal(text);
    if (signal === undefined) return;
    must(formatSignal(signal) === text, 'it says something else');
    must(signal.key !== '' && !signal.key.includes(' '), 'about no session');
  },
});

const SECRET = 'pLanted7sEcret';
const REPLIES = [
  'OOM command not allowed',
  'WRONGPASS invalid username-password pair',
  'READONLY You can not write against a read only replica.',
  'ERR Error running script: -READONLY You can not write',
  'ERR user_script:1: READONLYx',
  `NOPERM ${SECRET}`,
  `${SECRET} ERR`,
  '',
];
const failures = target({
  name: 'failure of the store',
  files: ['store/redis/redis-failure.ts'],
  inputs: fc.record({
    message: changed(REPLIES, 2),
    code: fc.oneof(fc.constantFrom('ECONNREFUSED', null), anyJson),
    kind: fc.constantFrom('reply', 'system', 'thrown'),
  }),
  check: ({ message, code, kind }) => {
    const error = kind === 'reply' ? new ReplyError(message) : new Error(message);
    const thrown: unknown = kind === 'thrown' ? code : Object.assign(error, { code });
    const name = failureName(thrown, 'other');
    must(kind !== 'reply' || name === 'other' || /^[A-Z]+$/.test(name), 'more than its code');
    must(name === code || name === 'other' || message.startsWith(name), 'a name of no error');
    must(!name.includes(SECRET) || code === name, 'a secret in a name');
    must(!isReadOnlyReply(error) || message.includes('READONLY'), 'a primary taken for a replica');
  },
});

const findings = slowTarget({
  name: 'settings of the store',
  files: ['store/redis/redis-findings.ts', 'store/redis/redis-failure.ts'],
  inputs: fc.record({
    answer: fc.oneof(
      fc.constantFrom('noeviction', 'yes').map((value) => ['setting', value]),
      anyJson,
      changed(['noeviction', 'yes'], 1).map((value) => ['setting', value]),
    ),
    fails: fc.constantFrom('no', 'no', 'no', 'reply', 'away'),
  }),
  check: async ({ answer, fails }) => {
    const error = fails === 'reply' ? new ReplyError('NOPERM') : new Error('away');
    const call = (): Promise<unknown> =>
      fails === 'no' ? Promise.resolve(answer) : Promise.reject(error);
    const client = {
      read: (ask: (redis: unknown) => Promise<unknown>) => ask({ call }),
    } as unknown as RedisClient;
    const told = await redisFindings(client).catch((thrown: unknown) => thrown);
    if (fails === 'away') {
      must(told === error, 'a store that is away was judged');
      return;
    }
    const value: unknown = fails === 'no' && Array.isArray(answer) ? answer[1] : undefined;
    const isRight = value === 'noeviction' || value === 'yes';
    must(Array.isArray(told) && told.length === (isRight ? 1 : 2), 'not what is wrong');
  },
});

export const storeTargets: readonly FuzzTarget[] = [signals, failures, findings];
