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
