import type { Fields } from '../inputs/requests.js';
import type { RawAnswer } from './raw-exchange.js';
import type { Step } from './steps.js';

/** What is known of a member, by the words that stand for it. */
export type Facts = Readonly<Record<string, () => string>>;

const NETWORKS = 250;

/** A browser that keeps cookies, and the state of the login or logout that was begun last. */
export class Browser {
  private readonly cookies: Map<string, string>;
  private state = 'S'.repeat(43);

  constructor(
    private readonly facts: Facts & { readonly cookie: () => string },
    private readonly network: number,
  ) {
    const [name = '', value = ''] = facts.cookie().split('=', 2);
    this.cookies = new Map([[name, value]]);
  }

  /** An address of this machine: many failures of one would be the next one's. */
  get address(): string {
    return `127.0.${Math.floor(this.network / NETWORKS) + 1}.${(this.network % NETWORKS) + 1}`;
  }

  /** The bytes of a request. `more` stands in the place of what the step says under the same names. */
  write({ method, target, type, body, fields: own = [] }: Step, more: Fields): string {
    const sent = body === undefined ? '' : this.filled(body);
    const fields = new Map<string, string>([
      ['host', 'localhost'],
      ['connection', 'close'],
      ['cookie', [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ')],
      ['x-forwarded-for', `10.1.${Math.floor(this.network / NETWORKS)}.${this.network % NETWORKS}`],
    ]);
    if (type !== undefined) fields.set('content-type', type);
    for (const [name, value] of [...own, ...more]) fields.set(name, this.filled(value));
    if (fields.has('upgrade')) fields.set('connection', 'Upgrade');
    const bytes = Buffer.from(sent.toWellFormed()).toString('latin1');
    if (body !== undefined) fields.set('content-length', String(bytes.length));
    const lines = [...fields].map(([name, value]) => `${name}: ${value}`);
    const first = `${method} ${this.filled(target)} HTTP/1.1`;
    return `${[first, ...lines].join('\r\n')}\r\n\r\n${bytes}`;
  }

  /** Keeps what an answer sets, and where it leads. */
  learn({ headers, body }: RawAnswer): void {
    for (const line of headers.get('set-cookie')?.split('\n') ?? []) {
      const [pair = ''] = line.split(';', 1);
      const at = pair.indexOf('=');
      this.cookies.set(pair.slice(0, at), pair.slice(at + 1));
    }
    const [, state] = /[?&]state=([\w.-]+)/.exec(`${headers.get('location') ?? ''} ${body}`) ?? [];
    this.state = state ?? this.state;
  }

  private filled(text: string): string {
    return text.replaceAll(/\{(\w+)\}/g, (all, name: string) =>
      name === 'state' ? this.state : (this.facts[name]?.() ?? all),
    );
  }
}
