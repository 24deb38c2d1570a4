import { randomBytes } from 'node:crypto';
import { exchange, type Hop } from './http-exchange.js';

/** The product, as far as a service needs it. */
interface Internal {
  readonly bff: { readonly internalOrigin: string };
}

type Form = Readonly<Record<string, string>> | readonly (readonly [string, string])[];

interface Asking {
  readonly method?: string;
  readonly form?: Form;
  readonly json?: unknown;
  /** The body as it is, in place of the others. */
  readonly text?: string;
  /** The address of this machine that asks. */
  readonly localAddress?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** An internal service that was registered: what its entry in the configuration says, and how it asks. */
export class ServiceCaller {
  /** With characters that Basic must encode (RFC 6749 §2.3.1). */
  readonly secret = `${randomBytes(24).toString('base64url')}+%:/~`;

  constructor(
    readonly id: string,
    private readonly settings: Readonly<Record<string, string>>,
  ) {}

  /** The lines of the entry below `services`. */
  get entry(): string {
    const given = { id: this.id, ...this.settings };
    const all = this.auth === 'none' ? given : { ...given, secret: JSON.stringify(this.secret) };
    const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}`);
    return `  - ${lines.join('\n    ')}\n`;
  }

  get basic(): string {
    return basicOf(this.id, this.secret);
  }

  /** Asks by the method that it is registered for; nothing is followed. */
  ask(at: Internal, path: string, asking: Asking = {}): Promise<Hop> {
    const form = [...entriesOf(asking.form ?? {})];
    if (this.auth === 'client_secret_post')
      form.push(['client_id', this.id], ['client_secret', this.secret]);
    const headers = this.auth === 'client_secret_basic' ? { authorization: this.basic } : {};
    return askAs(at, path, { ...asking, form, headers: { ...headers, ...asking.headers } });
  }

  private get auth(): string {
    return this.settings['auth'] ?? 'client_secret_basic';
  }
}

/** Asks with exactly these headers and this body. */
export function askAs(
  { bff }: Internal,
  path: string,
  { method = 'POST', form = {}, json, text, headers = {}, localAddress }: Asking,
): Promise<Hop> {
  const type = json === undefined ? 'application/x-www-form-urlencoded' : 'application/json';
  const fields = new URLSearchParams(
    [...entriesOf(form)].map(([name, value]): [string, string] => [name, value]),
  );
  const body = text ?? (json === undefined ? fields.toString() : JSON.stringify(json));
  return exchange(`${bff.internalOrigin}${path}`, {
    method,
    headers: method === 'POST' ? { 'content-type': type, ...headers } : headers,
    ...(method === 'POST' && { body }),
    ...(localAddress !== undefined && { localAddress }),
  });
}

export function basicOf(id: string, secret: string): string {
  const encoded = (text: string): string =>
    new URLSearchParams({ v: text }).toString().slice('v='.length);
  return `Basic ${Buffer.from(`${encoded(id)}:${encoded(secret)}`).toString('base64')}`;
}

/** The section of these services. */
export function servicesFile(...callers: readonly ServiceCaller[]): string {
  return `services:\n${callers.map(({ entry }) => entry).join('')}`;
}

function entriesOf(form: Form): Iterable<readonly [string, string]> {
  return Array.isArray(form)
    ? (form as readonly (readonly [string, string])[])
    : Object.entries(form as Readonly<Record<string, string>>);
}
