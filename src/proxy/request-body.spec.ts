import { once } from 'node:events';
import { request, type ClientRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { JsonServer } from '../../test/support/json-server.js';
import { RequestBody } from './request-body.js';

let server: JsonServer;
beforeEach(async () => {
  server = await JsonServer.start();
});
afterEach(() => server.stop());

/** A request with so much of its body sent, and the server's side of it. */
async function asked(
  length: number,
  sent: string | Buffer,
): Promise<{ outgoing: ClientRequest; req: IncomingMessage; res: ServerResponse }> {
  const arrived = Promise.withResolvers<{ req: IncomingMessage; res: ServerResponse }>();
  server.answerWith((req: IncomingMessage, res: ServerResponse) => arrived.resolve({ req, res }));
  const outgoing = request(server.origin, {
    method: 'POST',
    headers: { 'content-length': length },
  });
  outgoing.on('error', () => undefined);
  outgoing.write(sent);
  return { outgoing, ...(await arrived.promise) };
}

const statusOf = async (outgoing: ClientRequest): Promise<number | undefined> => {
  const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
  answer.resume();
  return answer.statusCode;
};

describe('the body of a request', () => {
  it('is the body, to its end', async () => {
    const { outgoing, req, res } = await asked(6, 'abc');
    const reading = text(new RequestBody(req));
    outgoing.end('def');
    expect(await reading).toBe('abcdef');
    res.end();
    expect(await statusOf(outgoing)).toBe(200);
  });

  it('is read no faster than somebody wants it', async () => {
    const size = 8 * 1_048_576;
    const { outgoing, req, res } = await asked(size, Buffer.alloc(size));
    const body = new RequestBody(req);
    const paused = once(req, 'pause');
    body.read(0);
    await paused;
    // Nobody has taken anything: it holds what fits, and the rest waits.
    expect(body.readableLength).toBeLessThanOrEqual(2 * body.readableHighWaterMark);
    body.resume();
    await once(body, 'end');
    res.end();
    expect(await statusOf(outgoing)).toBe(200);
  });

  it('may be given up: the request is answered all the same, and what still comes is thrown away', async () => {
    const size = 4 * 1_048_576;
    const { outgoing, req, res } = await asked(size, Buffer.alloc(size / 2));
    const body = new RequestBody(req);
    await once(body, 'readable');
    body.destroy(new Error('the upstream is gone'));
    res.writeHead(502).end();
    expect(await statusOf(outgoing)).toBe(502);
    const ended = once(req, 'end');
    outgoing.end(Buffer.alloc(size / 2));
    await ended;
  });

  it('breaks off with the client, also when nobody listens any more', async () => {
    const { outgoing, req } = await asked(6, 'abc');
    const body = new RequestBody(req);
    const closed = new Promise<void>((resolve) => body.once('close', resolve));
    outgoing.destroy();
    await closed;
    expect(body.errored?.message).toMatch(/aborted|broke off/);
  });
});
