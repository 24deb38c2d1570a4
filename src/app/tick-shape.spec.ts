import { keepTickShape } from './tick-shape.js';

it('keeps a tick, as long as Node makes them where we look', () => {
  expect(keepTickShape()).toBe(true);
});
