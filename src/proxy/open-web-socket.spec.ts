import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { frameOf } from '../../test/support/web-socket.js';
import { OpenWebSocket } from './open-web-socket.js';

const GOING_AWAY = Buffer.from([0x88, 2, 0x03, 0xe9]);
const POLICY_VIOLATION = Buffer.from([0x88, 2, 0x03, 0xf0]);
const NOTHING = Buffer.alloc(0);

let server: Server;
beforeEach(async () => {
  server = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterEach(async () => {
  server.close();
  await once(server, 'close');
});

/** Both ends of a connection. */
async function connection(): Promise<readonly [Socket, Socket]> {
  const accepted = once(server, 'connection') as Promise<[Socket]>;
  const near = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const [far] = await accepted;
  for (const socket of [near, far]) socket.on('error', () => undefined);
  return [near, far];
}

interface Joined {
  readonly client: Socket;
  readonly upstream: Socket;
  readonly joined: OpenWebSocket;
}

/** A client and an upstream with the proxy between them. */
async function join(fromClient = NOTHING, fromUpstream = NOTHING): Promise<Joined> {
  const [client, ourClient] = await connection();
  const [ourUpstream, upstream] = await connection();
  const joined = new OpenWebSocket(ourClient, ourUpstream);
  joined.join(fromClient, fromUpstream);
  return { client, upstream, joined };
}

/** Everything that comes until the other side hangs up. */
async function restOf(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  socket.on('end', () => socket.end());
  await once(socket, 'close');
  return Buffer.concat(chunks);
}

describe('a WebSocket', () => {
  it('begins with what either end had sent before', async () => {
    const { client, upstream } = await join(Buffer.from('to upstream'), Buffer.from('to client'));
    const [[first], [second]] = await Promise.all([once(upstream, 'data'), once(client, 'data')]);
    expect([String(first), String(second)]).toEqual(['to upstream', 'to client']);
    client.destroy();
    upstream.destroy();
  });

  it.each([
    ['end', POLICY_VIOLATION],
    ['close', GOING_AWAY],
  ] as const)('says why it closes by %s()', async (how, frame) => {
    const { client, upstream, joined } = await join();
    const text = frameOf(1, Buffer.from('text'), false);
    upstream.write(text);
    await once(client, 'readable');
    const gone = restOf(upstream);
    joined[how]();
    expect(joined.isOpen).toBe(false);
    expect(await restOf(client)).toEqual(Buffer.concat([text, frame]));
    await gone;
  });

  it('says nothing within a frame', async () => {
    const { client, upstream, joined } = await join();
    const begun = frameOf(1, Buffer.from('text'), false).subarray(0, -1);
    upstream.write(begun);
    await once(client, 'readable');
    joined.end();
    expect(await restOf(client)).toEqual(begun);
    upstream.destroy();
  });

  it('does not wait for a client that does not read', async () => {
    const { client, upstream, joined } = await join();
    client.pause();
    const closed = new Promise<void>((resolve) => joined.onClose(resolve));
    const flood = frameOf(2, Buffer.alloc(32 * 1_048_576), false);
    upstream.write(flood);
    const started = performance.now();
    joined.end();
    await closed;
    expect(performance.now() - started).toBeLessThan(5_000);
    client.destroy();
    upstream.destroy();
  });

  it('is held open by neither end alone', async () => {
    for (const which of ['client', 'upstream'] as const) {
      const both = await join();
      const other = which === 'client' ? both.upstream : both.client;
      const closed = new Promise<void>((resolve) => both.joined.onClose(resolve));
      both[which].write('last words');
      both[which].end();
      expect((await restOf(other)).toString()).toBe('last words');
      await closed;
      expect(both.joined.isOpen).toBe(false);
      both[which].destroy();
    }
  });

  it('that is closed already is closed no second time', async () => {
    const { client, upstream, joined } = await join();
    joined.close();
    joined.end();
    expect(await restOf(client)).toEqual(GOING_AWAY);
    upstream.destroy();
  });
});
