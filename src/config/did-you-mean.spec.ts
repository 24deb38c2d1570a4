import { didYouMean } from './did-you-mean.js';

const KNOWN = ['server', 'session', 'port', 'publicUrl', 'log'];

it.each([
  ['sever', 'server'],
  ['sesion', 'session'],
  ['PORT', 'port'],
  ['prot', 'port'],
  ['pirt', 'port'],
  ['prxt', undefined],
  ['publicURL', 'publicUrl'],
  ['lo', 'log'],
  ['wibble', undefined],
  ['', undefined],
])('takes %j for %j', (name, meant) => {
  expect(didYouMean(name, KNOWN)).toBe(meant);
});

it('does not ponder over a name without end', () => {
  const started = performance.now();
  expect(didYouMean('x'.repeat(1_000_000), KNOWN)).toBeUndefined();
  expect(performance.now() - started).toBeLessThan(500);
});
