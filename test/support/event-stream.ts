import { once } from 'node:events';
import { request, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';

export interface StreamEvent {
  readonly name: string;
  readonly data: Readonly<Record<string, unknown>>;
  readonly id: string | undefined;
}

/** What an EventSource reads (HTML, Server-sent events), event by event. */
export class EventStream {
  readonly events: StreamEvent[] = [];
  text = '';
  private readonly ended: Promise<unknown>;

  private constructor(private readonly answer: IncomingMessage) {
    answer.setEncoding('utf8');
    // One that breaks off has ended, too.
    this.ended = new Promise((resolve) => {
      answer.once('close', resolve);
    });
    answer.on('error', () => undefined);
    answer.on('data', (chunk: string) => this.take(chunk));
  }

  static async open(
    url: string,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<EventStream> {
    const { port, pathname, search } = new URL(url);
    const outgoing = request({
      host: '127.0.0.1',
      port,
      path: `${pathname}${search}`,
      agent: false,
      headers: { accept: 'text/event-stream', ...headers },
    });
    outgoing.end();
    const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
    return new EventStream(answer);
  }

  get status(): number {
    return this.answer.statusCode ?? 0;
  }

  get headers(): IncomingHttpHeaders {
    return this.answer.headers;
  }

  get isOpen(): boolean {
    return !this.answer.closed;
  }

  /** Resolves with the first event of this name, also one that came already; rejects when the stream ends without. */
  async next(name: string): Promise<StreamEvent> {
    for (;;) {
      const found = this.events.find((event) => event.name === name);
      if (found !== undefined) return found;
      if (!this.isOpen) throw new Error(`the stream ended without ${name}: ${this.text}`);
      await Promise.race([once(this.answer, 'data'), this.ended]);
    }
  }

  /** Resolves when the server has closed it. */
  async untilClosed(): Promise<void> {
    await this.ended;
  }

  leave(): void {
    this.answer.destroy();
  }

  private take(chunk: string): void {
    this.text += chunk;
    // What follows the last blank line is not complete yet.
    const blocks = this.text.split('\n\n').slice(0, -1);
    this.events.splice(0, Infinity, ...blocks.flatMap(parse));
  }
}

function parse(block: string): StreamEvent[] {
  const field = (name: string): string | undefined =>
    block
      .split('\n')
      .find((line) => line.startsWith(`${name}: `))
      ?.slice(name.length + 2);
  const [name, data] = [field('event'), field('data')];
  if (name === undefined || data === undefined) return [];
  return [{ name, data: JSON.parse(data) as Record<string, unknown>, id: field('id') }];
}
