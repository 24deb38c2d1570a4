import { FixedClock } from '../../test/support/fixed-clock.js';
import { OpenQuestions, PATIENCE_MS } from './open-questions.js';

let clock: FixedClock;
let questions: OpenQuestions;
beforeEach(() => {
  clock = new FixedClock(0);
  questions = new OpenQuestions(clock);
});

/** Asks somebody who answers when told. */
function asked(name: string): { answer: () => Promise<void> } {
  const { promise, resolve } = Promise.withResolvers<void>();
  const answered = questions.ask(name, () => promise);
  return {
    answer: async () => {
      resolve();
      await answered;
    },
  };
}

it('calls nobody silent who was asked nothing, or only just now', () => {
  expect(questions.isSilent('op')).toBe(false);
  asked('op');
  expect(questions.isSilent('op')).toBe(false);
});

it('calls silent who answers nothing, and nobody else', () => {
  asked('op');
  clock.advance(PATIENCE_MS - 1);
  asked('op');
  asked('other');
  expect(questions.isSilent('op')).toBe(false);
  clock.advance(1);
  expect([questions.isSilent('op'), questions.isSilent('other')]).toEqual([true, false]);
});

it('lets one ask after each moment of silence, and all when that one is answered', async () => {
  asked('op');
  clock.advance(PATIENCE_MS);
  expect(questions.isSilent('op')).toBe(false);
  const second = asked('op');
  expect(questions.isSilent('op')).toBe(true);
  clock.advance(PATIENCE_MS / 2);
  expect(questions.isSilent('op')).toBe(true);
  await second.answer();
  asked('op');
  expect(questions.isSilent('op')).toBe(false);
});

it('calls nobody silent who answers others meanwhile: one connection may be lost', async () => {
  asked('op');
  for (let step = 0; step < 5; step += 1) {
    const { answer } = asked('op');
    clock.advance(PATIENCE_MS / 2);
    await answer();
    asked('op');
    expect(questions.isSilent('op')).toBe(false);
  }
});

it('knows nothing against whoever has answered all, however long ago', async () => {
  await asked('op').answer();
  clock.advance(60 * PATIENCE_MS);
  asked('op');
  expect(questions.isSilent('op')).toBe(false);
});

it('has patience with whoever always takes its time', async () => {
  const slow = asked('op');
  clock.advance(3_000);
  await slow.answer();
  asked('op');
  clock.advance(5_999);
  asked('op');
  expect(questions.isSilent('op')).toBe(false);
  clock.advance(1);
  expect(questions.isSilent('op')).toBe(true);
});

it('hears a question that fails as an answer', async () => {
  await expect(questions.ask('op', () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  clock.advance(PATIENCE_MS);
  expect(questions.isSilent('op')).toBe(false);
});
