import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import { errors, type Dispatcher } from 'undici';
import { endOfTurn } from '../domain/end-of-turn.js';
import { spentBuffers } from './spent-buffers.js';
import { asIncoming } from './told-headers.js';

/** What became of a forwarded request. */
export type Forwarded =
  | { readonly kind: 'answered' }
  /** The upstream did not take the token; nothing was answered yet. */
  | { readonly kind: 'unauthorized' }
  /** Before anything was answered. */
  | { readonly kind: 'failed'; readonly error: unknown };

export interface AnswerRules {
  /** Writes the head of the answer. */
  readonly writeHead: (status: number, headers: IncomingHttpHeaders) => void;
  /** An answer that goes on: called once, with its type, when its head is out. */
  readonly onStream: (contentType: string) => void;
  /** Hold a 401 back, so that the call can be repeated. */
  readonly holdUnauthorized: boolean;
  /** How long the upstream may be silent, in milliseconds; within an event stream it may be for ever. */
  readonly silenceMs: number;
  /** All of the request is sent as it starts: the upstream is silent from then on. */
  readonly isWhole: boolean;
  /** The answer broke off after its head was out. */
  readonly onBroken: (error: unknown) => void;
}

/** Beyond it, copying costs more than a second piece. */
const MAX_TEXT_BYTES = 8_192;
/** What is read of the body of a 401 that nobody will see, so that the connection can be used again. */
const MAX_HELD_BYTES = 65_536;

/**
 * Streams an upstream's answer to the client as it comes, and no faster than the client reads. An answer that
 * arrives in one piece leaves in one piece.
 */
export class UpstreamAnswer implements Dispatcher.DispatchHandler {
  private controller: Dispatcher.DispatchController | undefined;
  /** What came with the head. */
  private parts: Buffer[] = [];
  private heldBytes = 0;
  private isHeld = false;
  private isStreaming = false;
  private isDone = false;
  private contentType = '';
  private silence: NodeJS.Timeout | undefined;

  constructor(
    private readonly res: ServerResponse,
    private readonly rules: AnswerRules,
    private readonly settle: (outcome: Forwarded) => void,
  ) {
    // A client that leaves takes its call with it.
    res.on('close', () => this.abort());
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.controller = controller;
    if (this.res.destroyed) this.abort();
    else if (this.rules.isWhole) this.silence ??= this.abortLater(errors.HeadersTimeoutError);
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    told: IncomingHttpHeaders,
  ): void {
    if (status < 200) {
      // undici starts to wait anew with each of them, for ever if need be.
      this.silence ??= this.abortLater(errors.HeadersTimeoutError);
      return;
    }
    clearTimeout(this.silence);
    if (status === 401 && this.rules.holdUnauthorized) {
      this.isHeld = true;
      this.watchSilence();
      this.settle({ kind: 'unauthorized' });
      return;
    }
    const headers = asIncoming(told);
    this.contentType = headers['content-type'] ?? '';
    this.rules.writeHead(status, headers);
    // What came in one piece has ended by then; undici tells of all of it in one go.
    queueMicrotask(() => this.goOn(controller));
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.isHeld) {
      this.heldBytes += chunk.length;
      if (this.heldBytes > MAX_HELD_BYTES) this.abort();
    } else if (this.isStreaming) {
      this.silence?.refresh();
      this.write(controller, chunk);
    } else this.parts.push(chunk);
  }

  onResponseEnd(): void {
    this.finish();
    if (this.isHeld) return;
    void this.endWithTurn();
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    // An answer that came before all of the request was taken: what undici then breaks off is the request.
    if (this.isDone) return;
    this.finish();
    if (this.isHeld) return;
    if (!this.res.headersSent) {
      this.settle({ kind: 'failed', error });
      return;
    }
    // The head is out: all that can be said is that the answer broke off.
    this.rules.onBroken(error);
    this.res.destroy();
    this.settle({ kind: 'answered' });
  }

  /** Nobody hears of a failure here: what cannot be ended ends with its connection, not with the process. */
  private async endWithTurn(): Promise<void> {
    await endOfTurn();
    try {
      this.end();
    } catch {
      this.res.destroy();
    }
    this.settle({ kind: 'answered' });
  }

  private end(): void {
    const [part] = this.parts;
    if (part === undefined) this.res.end();
    else this.endWith(this.parts.length === 1 ? part : Buffer.concat(this.parts));
  }

  /** A small body goes as text of single bytes: Node writes it behind the head in one piece, a Buffer beside it. */
  private endWith(body: Buffer): void {
    if (body.length > MAX_TEXT_BYTES) this.res.end(body);
    else this.res.end(body.toString('latin1'), 'latin1');
  }

  private goOn(controller: Dispatcher.DispatchController): void {
    if (this.isDone) return;
    this.isStreaming = true;
    // A client may wait for no more than the head, as an EventSource does.
    if (this.parts.length === 0) this.res.flushHeaders();
    this.watchSilence();
    for (const part of this.parts) this.write(controller, part);
    this.parts = [];
    this.rules.onStream(this.contentType);
  }

  private write(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    spentBuffers.add(chunk.length);
    if (this.res.write(chunk)) return;
    controller.pause();
    this.res.once('drain', () => this.resume());
    // From here on it is the client who is slow.
    clearTimeout(this.silence);
  }

  private resume(): void {
    if (this.isDone || !this.isStreaming) return;
    this.controller?.resume();
    this.watchSilence();
  }

  private watchSilence(): void {
    clearTimeout(this.silence);
    if (this.contentType.startsWith('text/event-stream')) return;
    this.silence = this.abortLater(errors.BodyTimeoutError);
  }

  private abortLater(Reason: new () => Error): NodeJS.Timeout {
    return setTimeout(() => this.abort(Reason), this.rules.silenceMs).unref();
  }

  private abort(Reason: new () => Error = errors.RequestAbortedError): void {
    if (!this.isDone) this.controller?.abort(new Reason());
  }

  private finish(): void {
    this.isDone = true;
    clearTimeout(this.silence);
  }
}
