import { Redis, type Command } from 'ioredis';
import { AnswerWatch } from './answer-watch.js';
import type { ConnectionOptions, ExtraOptions } from './redis-options.js';

/**
 * A connection to one server on which no command waits for longer than a limit, the only thing that holds against a
 * Redis which is paused with its TCP connections alive (K-03, K-06).
 */
export class TimedRedis extends Redis {
  private readonly answers: AnswerWatch;
  /** The connection on which a command went unanswered and nothing was heard since. */
  private doubted: Redis['stream'] | undefined;

  /**
   * @param way a URL, or the options that say where the server is
   * @param limitMs how long a command may take, in milliseconds
   */
  constructor(
    way: string | ExtraOptions,
    private readonly limitMs: number,
    options: ConnectionOptions,
  ) {
    // ioredis merges whatever it is given; its types know a URL in this place only.
    super(way as string, options);
    this.answers = new AnswerWatch(limitMs, () => this.doubt());
  }

  override sendCommand(command: Command, stream?: Parameters<Redis['sendCommand']>[1]): unknown {
    this.answers.expect(command);
    return super.sendCommand(command, stream);
  }

  /**
   * When it stays silent for as long again, its socket goes: later commands fail at once, and no queue grows behind a
   * silent peer (K-06, K-09).
   */
  private doubt(): void {
    const { stream } = this;
    if (this.doubted === stream) return;
    this.doubted = stream;
    const hangUp = (): void => {
      if (this.doubted === stream) stream.destroy(new Error('silent'));
    };
    // What has come by then is read first, as by AnswerWatch.
    const timer = setTimeout(() => setImmediate(hangUp), this.limitMs).unref();
    const settle = (): void => {
      clearTimeout(timer);
      stream.off('data', settle).off('close', settle);
      if (this.doubted === stream) this.doubted = undefined;
    };
    stream.on('data', settle).on('close', settle);
  }
}
