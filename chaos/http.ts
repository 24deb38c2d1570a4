import { Agent, request, type IncomingHttpHeaders } from 'node:http';
import { stalled } from './starvation.ts';

export interface Answer {
  /** 0: none. */
  readonly status: number;
  /** The connection broke before an answer came. */
  readonly isCut: boolean;
  /** How: the system's code. */
  readonly code: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly ms: number;
  /** How much of that this process itself is to blame for. */
  readonly stalledMs: number;
}

export interface Asked {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly limitMs?: number;
}

/** More than anything may take: whoever waits longer is counted as hanging. */
const LIMIT_MS = 15_000;
/** Honours `Connection: close` and `Keep-Alive: timeout`. */
const agent = new Agent({ keepAlive: true, maxSockets: Infinity });

/** One request to a port of this machine; never rejects. */
export function ask(
  port: number,
  path: string,
  { method = 'GET', headers, body, limitMs = LIMIT_MS }: Asked = {},
): Promise<Answer> {
  const [started, stalledBefore] = [performance.now(), stalled()];
  return new Promise((resolve) => {
    const done = (got: Partial<Answer>): void =>
      resolve({
        status: 0,
        isCut: false,
        code: '',
        headers: {},
        body: '',
        ...got,
        ms: performance.now() - started,
        stalledMs: stalled() - stalledBefore,
      });
    const cut = (error: Error): void =>
      done({
        isCut: error.name !== 'TimeoutError',
        code: (error as NodeJS.ErrnoException).code ?? '',
      });
    const signal = AbortSignal.timeout(limitMs);
    const length = body === undefined ? {} : { 'content-length': Buffer.byteLength(body) };
    const sent = request(
      { host: '127.0.0.1', port, path, agent, method, headers: { ...headers, ...length }, signal },
      (answer) => {
        let text = '';
        answer.setEncoding('utf8');
        answer.on('data', (chunk: string) => (text += chunk));
        answer.on('error', cut);
        answer.on('end', () =>
          done({ status: answer.statusCode ?? 0, headers: answer.headers, body: text }),
        );
      },
    );
    sent.on('error', (error) => cut(signal.aborted ? (signal.reason as Error) : error));
    sent.end(body);
  });
}
