import { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import { jest } from '@jest/globals';
import type { Dispatcher } from 'undici';
import { endOfTurn } from '../domain/end-of-turn.js';
import { UpstreamAnswer, type AnswerRules, type Forwarded } from './upstream-answer.js';

const SILENCE_MS = 1_000;

/** The client's side: takes so many writes before it asks to wait. */
class FakeResponse extends EventEmitter {
  headersSent = false;
  destroyed = false;
  isFull = false;
  readonly said: string[] = [];

  flushHeaders(): void {
    this.said.push('head');
  }

  write(chunk: Buffer): boolean {
    this.said.push(`write ${chunk.toString()}`);
    return !this.isFull;
  }

  end(chunk?: Buffer): void {
    this.said.push(chunk === undefined ? 'end' : `end ${chunk.toString()}`);
  }

  destroy(): void {
    this.destroyed = true;
    this.said.push('destroy');
    this.emit('close');
  }
}

interface World {
  readonly res: FakeResponse;
  readonly answer: UpstreamAnswer;
  readonly outcomes: Forwarded[];
  /** What the connection to the upstream was told. */
  readonly told: string[];
  readonly streams: string[];
  readonly broken: unknown[];
  readonly controller: Dispatcher.DispatchController;
}

/** One call, begun. */
function begin(rules: Partial<AnswerRules> = {}): World {
  const res = new FakeResponse();
  const outcomes: Forwarded[] = [];
  const told: string[] = [];
  const streams: string[] = [];
  const broken: unknown[] = [];
  const answer = new UpstreamAnswer(
    res as unknown as ServerResponse,
    {
      writeHead: (status) => {
        res.headersSent = true;
        res.said.push(String(status));
      },
      onStream: (type) => streams.push(type),
      holdUnauthorized: false,
      silenceMs: SILENCE_MS,
      isWhole: false,
      onBroken: (error) => broken.push(error),
      ...rules,
    },
    (outcome) => outcomes.push(outcome),
  );
  const controller = {
    pause: () => told.push('pause'),
    resume: () => told.push('resume'),
    // undici tells of it as of any other failure.
    abort: (reason: Error) => {
      told.push(`abort ${String(Reflect.get(reason, 'code'))}`);
      answer.onResponseError(controller, reason);
    },
  } as unknown as Dispatcher.DispatchController;
  answer.onRequestStart(controller);
  return { res, answer, outcomes, told, streams, broken, controller };
}

const JSON_TYPE = { 'content-type': 'application/json' };
const EVENTS = { 'content-type': 'text/event-stream; charset=utf-8' };

/** What the upstream sends next: a part of one read, or a read of its own after `turn`. */
const turn = (): Promise<void> => Promise.resolve();
const head = ({ answer, controller }: World, status = 200, headers = {}): void =>
  answer.onResponseStart(controller, status, headers);
const data = ({ answer, controller }: World, text: string): void =>
  answer.onResponseData(controller, Buffer.from(text));

/** The end of the upstream's answer, and of the turn of the event loop in which it came. */
const end = async ({ answer }: World): Promise<void> => {
  answer.onResponseEnd();
  await endOfTurn();
};

beforeEach(() => {
  jest.useFakeTimers({ doNotFake: ['queueMicrotask', 'nextTick', 'setImmediate'] });
});
afterEach(() => {
  jest.useRealTimers();
});

describe('an answer that comes in one piece', () => {
  it('leaves in one piece', async () => {
    const world = begin();
    head(world, 200, JSON_TYPE);
    data(world, 'one');
    data(world, ', two');
    await end(world);
    expect(world.res.said).toEqual(['200', 'end one, two']);
    expect(world.outcomes).toEqual([{ kind: 'answered' }]);
    expect(world.streams).toEqual([]);
  });

  it('waits for what else comes in the same turn, so that all of it leaves together', async () => {
    const [one, another] = [begin(), begin()];
    head(one);
    one.answer.onResponseEnd();
    await turn();
    head(another);
    expect(one.res.said).toEqual(['200']);
    await end(another);
    expect([...one.res.said, ...another.res.said]).toEqual(['200', 'end', '200', 'end']);
  });

  it('is not cut off by what breaks behind its end', async () => {
    const world = begin();
    head(world);
    world.answer.onResponseEnd();
    world.answer.onResponseError(
      world.controller,
      new Error('the request was not taken to its end'),
    );
    await endOfTurn();
    expect(world.res.said).toEqual(['200', 'end']);
    expect(world.broken).toEqual([]);
  });

  it('ends with its connection where it cannot be ended', async () => {
    const world = begin();
    head(world);
    world.res.end = () => {
      throw new Error('no end');
    };
    await end(world);
    expect(world.res.said).toEqual(['200', 'destroy']);
    expect(world.outcomes).toEqual([{ kind: 'answered' }]);
  });

  it('may be empty', async () => {
    const world = begin();
    head(world, 204);
    await end(world);
    expect(world.res.said).toEqual(['204', 'end']);
  });

  it('has no head before its own: hints are not handed on', () => {
    const world = begin();
    head(world, 103);
    head(world, 200);
    expect(world.res.said).toEqual(['200']);
  });
});

describe('an answer that goes on', () => {
  it('is handed on as it comes, the head first', async () => {
    const world = begin();
    head(world, 200, JSON_TYPE);
    await turn();
    expect(world.res.said).toEqual(['200', 'head']);
    expect(world.streams).toEqual(['application/json']);
    data(world, 'one');
    data(world, 'two');
    await end(world);
    expect(world.res.said).toEqual(['200', 'head', 'write one', 'write two', 'end']);
    expect(world.outcomes).toEqual([{ kind: 'answered' }]);
    expect(world.streams).toHaveLength(1);
  });

  it('sends what came with the head together with it', async () => {
    const world = begin();
    head(world);
    data(world, 'one');
    data(world, 'two');
    await turn();
    expect(world.res.said).toEqual(['200', 'write one', 'write two']);
  });

  it('waits for a client that is slow, and goes on when it has read', async () => {
    const world = begin();
    head(world);
    await turn();
    world.res.isFull = true;
    data(world, 'one');
    expect(world.told).toEqual(['pause']);
    world.res.isFull = false;
    world.res.emit('drain');
    expect(world.told).toEqual(['pause', 'resume']);
    data(world, 'two');
    expect(world.told).toEqual(['pause', 'resume']);
  });

  it('is broken off when the upstream breaks off, and looks complete to nobody', async () => {
    const world = begin();
    head(world);
    data(world, 'half');
    await turn();
    const error = new Error('reset');
    world.answer.onResponseError(world.controller, error);
    expect(world.res.said).toEqual(['200', 'write half', 'destroy']);
    expect([world.broken, world.outcomes]).toEqual([[error], [{ kind: 'answered' }]]);
    expect(world.told).toEqual([]);
  });

  it('ends at the upstream when the client leaves', async () => {
    const world = begin();
    head(world);
    await turn();
    world.res.destroy();
    expect(world.told).toEqual(['abort UND_ERR_ABORTED']);
  });
});

describe('a call that is not answered yet', () => {
  it('fails without an answer', () => {
    const world = begin();
    const error = new Error('refused');
    world.answer.onResponseError(world.controller, error);
    expect(world.outcomes).toEqual([{ kind: 'failed', error }]);
    expect(world.res.said).toEqual([]);
  });

  it('ends when the client leaves, also one that left before the call was made', () => {
    const world = begin();
    world.res.destroy();
    expect(world.told).toEqual(['abort UND_ERR_ABORTED']);
    const late = begin();
    late.res.destroyed = true;
    late.answer.onRequestStart(late.controller);
    expect(late.told).toEqual(['abort UND_ERR_ABORTED']);
  });

  it('may be kept waiting by hints for as long as by nothing', () => {
    const world = begin();
    for (let count = 0; count < 4; count += 1) {
      head(world, 102);
      jest.advanceTimersByTime(SILENCE_MS / 4);
    }
    expect(world.told).toEqual(['abort UND_ERR_HEADERS_TIMEOUT']);
    expect(world.outcomes).toMatchObject([{ kind: 'failed' }]);
  });

  it('is not given up once its answer has begun', async () => {
    const world = begin();
    head(world, 103);
    head(world, 200);
    data(world, 'x');
    await end(world);
    jest.advanceTimersByTime(10 * SILENCE_MS);
    expect(world.told).toEqual([]);
  });
});

describe('the silence of an upstream', () => {
  it('counts from the start where all of the request is sent with it', async () => {
    const world = begin({ isWhole: true });
    jest.advanceTimersByTime(SILENCE_MS - 1);
    expect(world.told).toEqual([]);
    jest.advanceTimersByTime(1);
    expect(world.told).toEqual(['abort UND_ERR_HEADERS_TIMEOUT']);
    const answered = begin({ isWhole: true });
    head(answered, 200);
    await end(answered);
    jest.advanceTimersByTime(10 * SILENCE_MS);
    expect(answered.told).toEqual([]);
  });

  it('counts once, also where undici starts twice', async () => {
    const world = begin({ isWhole: true });
    world.answer.onRequestStart(world.controller);
    head(world, 200, EVENTS);
    await turn();
    jest.advanceTimersByTime(10 * SILENCE_MS);
    expect(world.told).toEqual([]);
  });

  it('is undici’s to judge while a body is sent', () => {
    const world = begin();
    jest.advanceTimersByTime(10 * SILENCE_MS);
    expect(world.told).toEqual([]);
  });

  it.each([
    ['after its head', []],
    ['after a part', ['part']],
  ])('%s is bounded', async (_when, parts) => {
    const world = begin();
    head(world, 200, JSON_TYPE);
    await turn();
    for (const part of parts) data(world, part);
    jest.advanceTimersByTime(SILENCE_MS - 1);
    expect(world.told).toEqual([]);
    jest.advanceTimersByTime(1);
    expect(world.told).toEqual(['abort UND_ERR_BODY_TIMEOUT']);
    expect(world.res.destroyed).toBe(true);
  });

  it('begins anew with every part', async () => {
    const world = begin();
    head(world);
    await turn();
    for (let count = 0; count < 5; count += 1) {
      jest.advanceTimersByTime(SILENCE_MS - 1);
      data(world, 'x');
    }
    expect(world.told).toEqual([]);
  });

  it('is for ever within an event stream', async () => {
    const world = begin();
    head(world, 200, EVENTS);
    await turn();
    jest.advanceTimersByTime(1_000 * SILENCE_MS);
    data(world, 'event');
    jest.advanceTimersByTime(1_000 * SILENCE_MS);
    expect(world.told).toEqual([]);
    expect(world.res.said).toEqual(['200', 'head', 'write event']);
  });

  it('is not that of a client who does not read, and counts again when it does', async () => {
    const world = begin();
    head(world);
    await turn();
    world.res.isFull = true;
    data(world, 'x');
    jest.advanceTimersByTime(10 * SILENCE_MS);
    expect(world.told).toEqual(['pause']);
    world.res.emit('drain');
    jest.advanceTimersByTime(SILENCE_MS);
    expect(world.told).toEqual(['pause', 'resume', 'abort UND_ERR_BODY_TIMEOUT']);
  });

  it('after the end is no silence', async () => {
    const world = begin();
    head(world);
    await turn();
    world.answer.onResponseEnd();
    world.res.emit('drain');
    jest.advanceTimersByTime(10 * SILENCE_MS);
    world.res.emit('close');
    expect(world.told).toEqual([]);
  });
});

describe('a refusal that is held back', () => {
  const held = (): World => {
    const world = begin({ holdUnauthorized: true });
    head(world, 401, JSON_TYPE);
    return world;
  };

  it('is told of at once, and nobody sees it', async () => {
    const world = held();
    expect(world.outcomes).toEqual([{ kind: 'unauthorized' }]);
    data(world, 'refused');
    await end(world);
    expect([world.res.said, world.outcomes.length, world.streams]).toEqual([[], 1, []]);
  });

  it('may break off, which changes nothing', () => {
    const world = held();
    world.answer.onResponseError(world.controller, new Error('reset'));
    expect([world.res.said, world.outcomes.length, world.broken]).toEqual([[], 1, []]);
  });

  it('is read to its end, but not for ever and not whatever it takes', () => {
    const silent = held();
    jest.advanceTimersByTime(SILENCE_MS);
    expect(silent.told).toEqual(['abort UND_ERR_BODY_TIMEOUT']);
    const long = held();
    data(long, 'x'.repeat(65_536));
    expect(long.told).toEqual([]);
    data(long, 'x');
    expect(long.told).toEqual(['abort UND_ERR_ABORTED']);
  });

  it('is the answer where nobody wants to hold it', async () => {
    const world = begin();
    head(world, 401);
    data(world, 'refused');
    await end(world);
    expect(world.res.said).toEqual(['401', 'end refused']);
  });

  it('is only a 401', async () => {
    const world = begin({ holdUnauthorized: true });
    head(world, 403);
    await end(world);
    expect(world.res.said).toEqual(['403', 'end']);
    expect(world.outcomes).toEqual([{ kind: 'answered' }]);
  });
});
