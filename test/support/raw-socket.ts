import { once } from 'node:events';
import { connect } from 'node:net';
import type { Hop } from './http-exchange.js';

/**
 * Sends bytes as they are, because every HTTP client corrects what an attacker would not, and reads one answer
 * to the end of the connection.
 */
export async function sendRaw(port: number, lines: readonly string[], body = ''): Promise<Hop> {
  return parse(lines[0] ?? '', port, await answerTo(port, lines, body));
}

/** The same with the answer as it came, and whatever came behind it. */
export async function answerTo(port: number, lines: readonly string[], body = ''): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  // A server that has had enough may reset the connection: what came until then is the answer.
  socket.on('error', () => undefined);
  const ended = new Promise((resolve) => {
    socket.once('close', resolve);
  });
  socket.write([...lines, 'Connection: close', '', body].join('\r\n'), 'latin1');
  await ended;
  return Buffer.concat(chunks).toString('utf8');
}

function parse(requestLine: string, port: number, answer: string): Hop {
  const [head = '', ...rest] = answer.split('\r\n\r\n');
  const [status = '', ...lines] = head.split('\r\n');
  const headers: Record<string, string | string[]> = {};
  for (const line of lines) {
    const at = line.indexOf(':');
    const name = line.slice(0, at).toLowerCase();
    const value = line.slice(at + 1).trim();
    if (name === 'set-cookie') headers[name] = [...[headers[name] ?? []].flat(), value];
    else headers[name] = value;
  }
  const [method = ''] = requestLine.split(' ', 1);
  return {
    method,
    url: `http://localhost:${port}/raw`,
    requestHeaders: {},
    requestBody: '',
    status: Number(status.split(' ')[1] ?? 0),
    headers,
    body: rest.join('\r\n\r\n'),
  };
}
