import { jest } from '@jest/globals';
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { KeysUnavailable, verificationKeys } from './verification-keys.js';

const LONG = 'x'.repeat(70_000);

describe('the keys at a guard', () => {
  it('whose endpoint fails and breaks off at once are left alone for a second, too', async () => {
    const broken = new ReadableStream({ start: (body) => body.error(new Error('reset')) });
    const answering = jest
      .spyOn(globalThis, 'fetch')
      .mockResolvedValueOnce(Response.json({}))
      .mockResolvedValueOnce(new Response(broken, { status: 503 }));
    const keys = verificationKeys({ jwksUri: 'http://127.0.0.1:9/', cooldown: 10 });
    const ask = async (): Promise<unknown> =>
      keys({ alg: 'EdDSA' }, { payload: '', signature: '' });
    for (let time = 0; time < 4; time += 1) await expect(ask()).rejects.toThrow(KeysUnavailable);
    expect(answering).toHaveBeenCalledTimes(2);
    answering.mockRestore();
  });

  it('that answers an error at length and hangs up are not there, and nothing worse comes of it (ATK-83)', async () => {
    const server = createServer((_req, res: ServerResponse) => {
      res.writeHead(404, { connection: 'close', 'content-length': LONG.length }).end(LONG);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const uncaught: unknown[] = [];
    const note = (error: unknown): number => uncaught.push(error);
    process.on('uncaughtExceptionMonitor', note);
    for (let time = 0; time < 5; time += 1) {
      const connected = once(server, 'connection') as Promise<[Socket]>;
      const keys = verificationKeys({ jwksUri: `http://127.0.0.1:${port}/`, cooldown: 0 });
      await expect(keys({ alg: 'EdDSA' }, { payload: '', signature: '' })).rejects.toThrow(
        'cannot be read',
      );
      const [socket] = await connected;
      if (!socket.closed) await once(socket, 'close');
    }
    process.off('uncaughtExceptionMonitor', note);
    server.close();
    expect(uncaught).toEqual([]);
  });
});
