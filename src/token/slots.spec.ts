import { setImmediate } from 'node:timers/promises';
import { Slots } from './slots.js';

it('runs as many as there are slots, and the others in their order when one is free', async () => {
  const slots = new Slots(2);
  const begun: number[] = [];
  const works = Array.from({ length: 5 }, () => Promise.withResolvers<void>());
  const all = works.map(({ promise }, at) =>
    slots.run(() => {
      begun.push(at);
      return promise;
    }),
  );
  await setImmediate();
  expect(begun).toEqual([0, 1]);
  works[1]!.resolve();
  await all[1];
  await setImmediate();
  expect(begun).toEqual([0, 1, 2]);
  for (const { resolve } of works) resolve();
  await Promise.all(all);
  expect(begun).toEqual([0, 1, 2, 3, 4]);
});

it('gives back the slot of a work that fails, and the result of one that does not', async () => {
  const slots = new Slots(1);
  await expect(slots.run(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
  await expect(slots.run(() => Promise.resolve('yes'))).resolves.toBe('yes');
});
