import { constants, fstatSync, openSync } from 'node:fs';
import { pino, type DestinationStream } from 'pino';

const STDOUT = 1;
/** Bytes of lines that are kept while they cannot be written. */
const MOST_KEPT = 1_048_576;
const TRY_AGAIN_MS = 250;
/** A tenth of a second each: what a reader gets that is slow when the process ends. */
const LAST_TRIES = 10;

/**
 * Lines are written at once, not buffered, so that none is lost with the process. Where nobody takes them (a full disk,
 * a reader that stands still) they are kept, the oldest, and tried again; nobody who wants to log waits or fails.
 */
export class StandardOutput implements DestinationStream {
  private readonly stream: ReturnType<typeof pino.destination>;
  private isStuck = false;
  private lost = 0;
  private lastTries = 0;

  /** `onLost` hears how many lines were dropped, when lines are taken again. */
  constructor(
    private readonly onLost: (lines: number) => void,
    descriptor = withoutWaiting(),
  ) {
    this.stream = pino.destination({
      dest: descriptor,
      sync: true,
      maxLength: MOST_KEPT,
      retryEAGAIN: () => this.lastTries-- > 0,
    });
    this.stream.on('error', () => this.tryAgainLater());
    this.stream.on('drop', () => (this.lost += 1));
    process.once('exit', () => this.tryForTheLastTime());
  }

  write(line: string): void {
    this.stream.write(line);
  }

  private tryAgainLater(): void {
    if (this.isStuck) return;
    this.isStuck = true;
    setTimeout(() => this.tryAgain(), TRY_AGAIN_MS).unref();
  }

  private tryAgain(): void {
    this.isStuck = false;
    // Nothing more: what is kept goes out before it, or fails again.
    this.stream.write('');
    if (this.isStuck || this.lost === 0) return;
    const { lost } = this;
    this.lost = 0;
    this.onLost(lost);
  }

  private tryForTheLastTime(): void {
    if (!this.isStuck) return;
    this.lastTries = LAST_TRIES;
    this.stream.write('');
  }
}

/** A write to a pipe that is full waits for its reader, and the whole process with it: unless it is opened anew. */
function withoutWaiting(): number {
  if (!fstatSync(STDOUT).isFIFO()) return STDOUT;
  try {
    return openSync('/proc/self/fd/1', constants.O_WRONLY | constants.O_NONBLOCK);
  } catch {
    // Another system, or a pipe of somebody else's: then it waits, as all do.
    return STDOUT;
  }
}
