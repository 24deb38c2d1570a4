import * as fc from 'fast-check';
import { must } from '../expectations.js';
import { slowTarget, type FuzzTarget } from '../fuzz-target.js';
import { fields, type Fields } from '../inputs/requests.js';
import { changed } from '../inputs/texts.js';
import { Browser } from './browser.js';
import { ask, type RawAnswer } from './raw-exchange.js';
import { HANG_MS, type ServedScene } from './served-scene.js';
import { STEPS, type Step } from './steps.js';

const FILES = [
  ...[
    'backchannel-logout.controller',
    'backchannel-logout.service',
    'callback.controller',
    'frontchannel-logout.controller',
    'login.controller',
    'login.service',
    'login-required.controller',
    'logout.controller',
    'logout.service',
  ].map((name) => `auth/${name}.ts`),
  'app/edge.ts',
  'http/cors.ts',
  'http/csrf.guard.ts',
  'service/admin-sessions.controller.ts',
  'service/introspection.ts',
  'service/service.guard.ts',
  'session/devices.controller.ts',
  'session/session.endpoint.ts',
  'session/session.guard.ts',
  'proxy/websocket.service.ts',
];

/** What is said beside it, or in place of what the step says. */
const MORE = {
  'sec-fetch-site': ['cross-site', 'same-site', 'none', 'same-origin'],
  'sec-fetch-mode': ['cors', 'no-cors', 'navigate'],
  'sec-fetch-dest': ['iframe', 'empty', 'document'],
  'sec-purpose': ['prefetch'],
  origin: ['http://localhost:9', 'https://evil.example', 'null'],
  'x-csrf': ['0', '', '1'],
  accept: ['text/html', '*/*'],
  authorization: ['Basic Og==', 'Bearer x'],
  'content-type': ['text/plain', 'application/json'],
  'if-none-match': ['*'],
  upgrade: ['websocket', 'h2c'],
};
const names = Object.keys(STEPS);
const step = fc.constantFrom(...names).chain((name) => {
  const { target, body = '' } = STEPS[name]!;
  const kept = { weight: 5, arbitrary: fc.constant(null) };
  return fc.record({
    name: fc.constant(name),
    target: fc.oneof(kept, { weight: 1, arbitrary: changed([target], 2).map(asTarget) }),
    body: fc.oneof(kept, { weight: 1, arbitrary: changed([body], 2) }),
    more: fc.oneof({ weight: 3, arbitrary: fc.constant<Fields>([]) }, fields(MORE, 2)),
  });
});
type Done = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** What is no request at all is after another target. */
function asTarget(text: string): string {
  return `/${text.replaceAll(/[^!-~]/g, '').replace(/^\/+/, '')}`;
}

/**
 * Whole ways of a member through the product, step by step, each as it works or a little changed. Nothing but what may
 * end the session ends it, and what does so as it was meant does it.
 */
export function journeysOf(scene: () => ServedScene): FuzzTarget {
  return slowTarget({
    name: 'journeys of a member',
    files: FILES,
    cost: 100,
    inputs: fc.record({
      steps: fc.array(step, { minLength: 1, maxLength: 4 }),
      network: fc.integer({ min: 1, max: 60_000 }),
    }),
    check: async ({ steps, network }) => {
      const served = scene();
      const browser = new Browser(await served.member(), network);
      for (const one of steps) {
        const answer = await take(served, browser, one);
        served.judge(answer, { odd: false });
        browser.learn(answer);
      }
      const isLive = await served.isLive();
      const last = steps.at(-1)!;
      must(isLive || steps.some(mayEnd), 'the session ended by nothing');
      must(!isLive || !isPlain(last) || !mayEnd(last), `${last.name}: the session goes on`);
      await served.settle();
    },
  });
}

function mayEnd({ name }: Done): boolean {
  return STEPS[name]?.mayEnd === true;
}

function isPlain({ target, body, more }: Done): boolean {
  return target === null && body === null && more.length === 0;
}

function take(served: ServedScene, browser: Browser, done: Done): Promise<RawAnswer> {
  const { name, target, body, more } = done;
  const known = STEPS[name]!;
  const meant: Step = {
    ...known,
    ...(target !== null && { target }),
    ...(body !== null && known.type !== undefined && { body }),
  };
  const [, here] = served.places;
  const port = known.listener === 'internal' ? here.internal : here.public;
  return ask(port, browser.write(meant, more), browser.address, HANG_MS);
}
