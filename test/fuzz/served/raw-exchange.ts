import { connect } from 'node:net';

export interface RawAnswer {
  /** 0: the connection was closed without a word. */
  readonly status: number;
  /** By name in lower case; what came twice is joined by a line break. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
  readonly text: string;
}

/** A client that waits for the rest of nothing: what has come until then is the answer. */
const PATIENCE_MS = 1_500;

/**
 * Sends bytes as they are and reads the answer: to the end of the connection, or as far as the head of one that goes on
 * (an event stream, a WebSocket). Who sent half a request hangs up after a while.
 */
export async function ask(
  port: number,
  request: string,
  from = '127.0.0.1',
  patienceMs = PATIENCE_MS,
): Promise<RawAnswer> {
  const socket = connect({ port, host: '127.0.0.1', localAddress: from });
  let text = '';
  socket.on('error', () => undefined);
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1');
    if (/^HTTP\/1\.1 101 |^content-type: text\/event-stream/im.test(text)) socket.destroy();
  });
  // A server that has had enough may reset the connection: what came until then is the answer.
  const closed = new Promise((resolve) => {
    socket.once('close', resolve);
  });
  socket.write(request, 'latin1');
  const timer = setTimeout(() => socket.destroy(), patienceMs);
  await closed;
  clearTimeout(timer);
  return parsed(text);
}

function parsed(text: string): RawAnswer {
  // What was told while the request was still coming is no answer yet (RFC 9110 §15.2).
  const final = text.replace(/^(?:HTTP\/1\.1 1(?!01)\d\d [^\r]*\r\n(?:[^\r]+\r\n)*\r\n)+/, '');
  const [head = '', ...rest] = final.split('\r\n\r\n');
  const [status = '', ...lines] = head.split('\r\n');
  const headers = new Map<string, string>();
  for (const line of lines) {
    const at = line.indexOf(':');
    const name = line.slice(0, at).toLowerCase();
    const value = line.slice(at + 1).trim();
    headers.set(name, headers.has(name) ? `${headers.get(name)}\n${value}` : value);
  }
  return {
    status: Number(status.split(' ')[1] ?? 0),
    headers,
    body: rest.join('\r\n\r\n'),
    text: final,
  };
}
