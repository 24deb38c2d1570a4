import { jest } from '@jest/globals';
import { fakeExchange } from '../../test/support/fake-exchange.js';
import { watchBody } from './unfinished-body.js';

beforeEach(() => {
  jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate'] });
});
afterEach(() => {
  jest.useRealTimers();
});

/** A request whose client has sent some of its body. */
function upload(headers: Readonly<Record<string, string>> = { 'content-length': '100' }) {
  const { req, res } = fakeExchange({ method: 'POST', headers });
  const state = { bytesRead: 10, complete: false };
  Object.defineProperty(req.socket, 'bytesRead', { get: () => state.bytesRead });
  Object.defineProperty(req, 'complete', { get: () => state.complete });
  watchBody({ req, res });
  return { req, res, state, isCut: () => req.socket.destroyed };
}

describe('a body', () => {
  it('may take as long as it likes while something comes', () => {
    const { state, isCut } = upload();
    for (let at = 0; at < 100; at += 1) {
      state.bytesRead += 1;
      jest.advanceTimersByTime(20_000);
    }
    expect(isCut()).toBe(false);
  });

  it('that stands still is cut off', () => {
    const { isCut } = upload();
    jest.advanceTimersByTime(20_000);
    expect(isCut()).toBe(false);
    jest.advanceTimersByTime(20_000);
    expect(isCut()).toBe(true);
  });

  it('that nobody reads is not held against the client', () => {
    const { req, isCut } = upload();
    req.pause();
    jest.advanceTimersByTime(600_000);
    expect(isCut()).toBe(false);
    req.resume();
    jest.advanceTimersByTime(20_000);
    expect(isCut()).toBe(true);
  });

  it('that has come is over, however long its answer takes', () => {
    const { state, isCut } = upload();
    state.complete = true;
    jest.advanceTimersByTime(600_000);
    expect(isCut()).toBe(false);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('has five seconds left once it is answered', () => {
    const { res, state, isCut } = upload({ 'transfer-encoding': 'chunked' });
    res.emit('close');
    state.bytesRead += 1;
    jest.advanceTimersByTime(4_999);
    expect(isCut()).toBe(false);
    jest.advanceTimersByTime(1);
    expect(isCut()).toBe(true);
  });

  it('that comes to its end in these five seconds keeps its connection', () => {
    const { res, state, isCut } = upload();
    res.emit('close');
    state.complete = true;
    jest.advanceTimersByTime(5_000);
    expect(isCut()).toBe(false);
    expect(jest.getTimerCount()).toBe(0);
  });

  it.each([[{}], [{ 'content-length': '0' }]])('that is none is not watched: %j', (headers) => {
    upload(headers);
    expect(jest.getTimerCount()).toBe(0);
  });
});
