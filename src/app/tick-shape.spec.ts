import { isTickShapeKept, keepTickShape } from './tick-shape.js';

it('keeps the shape of a tick', () => {
  expect(isTickShapeKept()).toBe(false);
  keepTickShape();
  expect(isTickShapeKept()).toBe(true);
});
