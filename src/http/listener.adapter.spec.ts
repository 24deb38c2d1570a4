import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import express from 'express';
import { ListenerAdapter } from './listener.adapter.js';

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
