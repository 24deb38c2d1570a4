import { IncomingMessage, ServerResponse, type Server } from 'node:http';
import { Socket } from 'node:net';
import { jest } from '@jest/globals';
import express from 'express';
import { ListenerAdapter } from './listener.adapter.js';
import { MarkedResponse } from './marked-response.js';

/** An answer as Express hands it to a handler. */
function answerTo(headers: Readonly<Record<string, string>> = {}): ServerResponse {
  const req = Object.assign(new IncomingMessage(new Socket()), { method: 'GET', headers });
  Object.setPrototypeOf(req, express.request);
  const res = Object.setPrototypeOf(
    Object.assign(new ServerResponse(req), { req, app: express() }),
    express.response,
  ) as ServerResponse;
  return Object.assign(req, { res }).res;
}

describe('a handler that has answered', () => {
  it.each([
    ['without a body', 204, {}],
    ['to a client that has something already', 200, { 'if-none-match': '*' }],
  ])('%s has said all that is to be said (ATK-83)', (_what, status, headers) => {
    const res = answerTo(headers);
    res.writeHead(status, { 'Content-Length': 0 }).end();
    expect(() => new ListenerAdapter().reply(res, undefined)).not.toThrow();
    expect(res.statusCode).toBe(status);
  });

  it('and has not is answered for by the framework', () => {
    const res = answerTo();
    new ListenerAdapter().reply(res, 'x');
    expect([res.writableEnded, res.getHeader('content-length')]).toEqual([true, '1']);
  });
});

describe('a connection that nobody uses', () => {
  const listening = (): Server => {
    const adapter = new ListenerAdapter();
    adapter.initHttpServer();
    adapter.useEdge(() => undefined);
    adapter.useUpgrades({ takes: () => true, handle: () => undefined });
    return adapter.getHttpServer();
  };
  const connectTo = (server: Server): Socket => {
    const socket = new Socket();
    server.emit('connection', socket);
    return socket;
  };

  beforeEach(() => void jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask'] }));
  afterEach(() => void jest.useRealTimers());

  it('is closed later than the minute after which load balancers close theirs', () => {
    const socket = connectTo(listening());
    jest.advanceTimersByTime(62_000);
    expect(socket.destroyed).toBe(false);
    jest.advanceTimersByTime(10_000);
    expect(socket.destroyed).toBe(true);
  });

  it('is not closed by Node before: whoever keeps it for a minute is not surprised', () => {
    expect(listening().keepAliveTimeout).toBe(0);
  });

  it('is none that waits for an answer, however long', () => {
    const server = listening();
    const socket = connectTo(server);
    const req = new IncomingMessage(socket);
    const res = new MarkedResponse(req);
    res.assignSocket(socket);
    server.emit('request', req, res);
    jest.advanceTimersByTime(200_000);
    expect(socket.destroyed).toBe(false);
  });

  it('is looked for no more when the listener is closed', () => {
    const server = listening();
    server.emit('close');
    expect(jest.getTimerCount()).toBe(0);
  });

  it('is left alone once it belongs to another protocol', () => {
    const server = listening();
    const socket = connectTo(server);
    server.emit('upgrade', new IncomingMessage(socket), socket, Buffer.alloc(0));
    jest.advanceTimersByTime(80_000);
    expect(socket.destroyed).toBe(false);
  });
});
