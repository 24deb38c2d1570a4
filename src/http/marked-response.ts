import { ServerResponse, type OutgoingHttpHeaders } from 'node:http';
import type { Socket } from 'node:net';
import { hasName, pairsOf, type FlatHeaders } from './flat-headers.js';
import type { SecurityHeaders } from './security-headers.js';

const NOTHING: FlatHeaders = [];
const UNMARKED: SecurityHeaders = { everywhere: NOTHING, pages: NOTHING };
const never = (): boolean => false;

/**
 * An answer that carries certain headers whoever writes it and however: they are put in when the head is written.
 * An answer that gives all its headers to `writeHead` as a flat list costs a fraction of one that sets them one by one.
 */
export class MarkedResponse extends ServerResponse {
  private marks = NOTHING;
  private security = UNMARKED;
  private isLast = never;
  /**
   * Whether the flat list that is written next is of an answer that no browser takes for a page. A field, because Express
   * changes the prototype of an answer.
   */
  isData = false;
  /** Whose answer this is, by the name of its route; `other` where no route took the request. */
  route = 'other';
  readonly startedAt = performance.now();
  /** When its head was written, by us (Express writes its own). */
  beganAt: number | undefined = undefined;

  /**
   * What the answer will say unless it says something else under the same name: `marks` are its own, `security` is the
   * same for all. `Vary` is added to, not replaced. `isLast` is asked when the head is written, because a lot may happen
   * until then: whether the connection ends with this answer.
   */
  mark(marks: FlatHeaders, security = UNMARKED, isLast = never): void {
    this.marks = marks;
    this.security = security;
    this.isLast = isLast;
  }

  /** Makes ordinary headers of the marks, for code that replaces this answer's methods, as Express does. */
  layOut(): void {
    this.setMarks();
    // What is the answer's own outlasts a change of its prototype.
    this.writeHead = (...given: unknown[]) => {
      if (this.isLast()) this.shouldKeepAlive = false;
      return super.writeHead(...(given as [number]));
    };
  }

  /** The given headers with the marks that none of them replaces. */
  withMarks(own: FlatHeaders): string[] {
    const { everywhere, pages } = this.security;
    const all = own.slice();
    addMarks(all, everywhere, own);
    addMarks(all, this.marks, own);
    if (!this.isData) addMarks(all, pages, own);
    return all;
  }

  /**
   * Takes a flat list of headers or an object, as Node does, and a reason phrase before them; a name that the list
   * repeats is sent repeatedly.
   */
  override writeHead(status: number, ...rest: unknown[]): this {
    if (typeof rest[0] === 'string') this.statusMessage = rest.shift() as string;
    const [headers] = rest as [FlatHeaders | OutgoingHttpHeaders | undefined];
    this.beganAt = performance.now();
    if (this.isLast()) this.shouldKeepAlive = false;
    if (this.marks === NOTHING) return super.writeHead(status, ...(rest as []));
    if (isFlat(headers) && this.getHeaderNames().length === 0) {
      const all = this.withMarks(headers);
      this.isData = false;
      super.writeHead(status, all);
      // Only now: whoever gave a header that cannot be sent is answered by an error, which has its marks.
      this.marks = NOTHING;
      return this;
    }
    if (isFlat(headers)) this.setAll(headers);
    else this.setHeaders(new Map(Object.entries(headers ?? {})) as Map<string, string>);
    this.setMarks();
    return super.writeHead(status);
  }

  /** From here on the connection is no answer of HTTP any more (RFC 9110 §15.2.2). */
  switchProtocols(socket: Socket): void {
    this.detachSocket(socket);
    this.statusCode = 101;
    this.beganAt = performance.now();
    this.emit('close');
  }

  private setMarks(): void {
    const { everywhere, pages } = this.security;
    const marks = [...everywhere, ...this.marks, ...pages];
    this.marks = NOTHING;
    this.security = UNMARKED;
    for (const [name, value] of pairsOf(marks)) {
      if (name === 'vary') this.appendHeader(name, value);
      else if (!this.hasHeader(name)) this.setHeader(name, value);
    }
  }

  private setAll(headers: FlatHeaders): void {
    for (const [name] of pairsOf(headers)) this.removeHeader(name);
    for (const [name, value] of pairsOf(headers)) this.appendHeader(name, value);
  }
}

function addMarks(all: string[], marks: FlatHeaders, own: FlatHeaders): void {
  for (let at = 0; at < marks.length; at += 2) {
    const name = marks[at] ?? '';
    if (name === 'vary' || !hasName(own, name)) all.push(name, marks[at + 1] ?? '');
  }
}

function isFlat(headers: FlatHeaders | OutgoingHttpHeaders | undefined): headers is FlatHeaders {
  return Array.isArray(headers);
}
