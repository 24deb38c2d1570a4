import { EventEmitter } from 'node:events';
import type { MarkedResponse } from '../http/marked-response.js';
import { Durations, type DurationHistogram } from './duration-histogram.js';
import { RequestMeter } from './request-meter.js';

let meter: RequestMeter;
beforeEach(() => {
  const histogram: Pick<DurationHistogram, 'of'> = { of: () => new Durations() };
  meter = new RequestMeter('public', histogram as DurationHistogram);
});

/** An answer that the meter follows; closing it ends it. */
function answer(parts: Partial<MarkedResponse>): EventEmitter {
  const res = Object.assign(new EventEmitter(), {
    route: 'session',
    startedAt: 0,
    beganAt: undefined,
    headersSent: false,
    statusCode: 200,
    ...parts,
  });
  meter.follow(res as unknown as MarkedResponse);
  return res;
}

it('counts an answer by its status when it is over, whoever wrote its head', () => {
  const answers = [answer({ beganAt: 1, statusCode: 401 }), answer({ headersSent: true })];
  expect([meter.inFlight, [...meter.counts()]]).toEqual([2, []]);
  for (const one of answers) one.emit('close');
  expect(meter.inFlight).toBe(0);
  expect([...meter.counts()]).toEqual([
    { route: 'session', status: 401, count: 1 },
    { route: 'session', status: 200, count: 1 },
  ]);
});

it('counts a client that left before its answer as one that left, not as one that was served', () => {
  answer({}).emit('close');
  expect([...meter.counts()]).toEqual([{ route: 'session', status: 499, count: 1 }]);
});
