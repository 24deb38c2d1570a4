import cluster, { type Worker } from 'node:cluster';
import { availableParallelism } from 'node:os';
import type { ServerConfig } from '../config/config.types.js';
import type { EventLog } from '../logging/event-log.js';
import { tellWorkersMetrics } from '../ops/worker-metrics.js';

/** A worker that ends as soon as it starts must not keep the machine busy. */
const PAUSE_MS = 1_000;
const READY = 'vestibule.ready';

/** How many processes the configuration asks for on this machine. */
export function workersOf({ workers }: ServerConfig): number {
  return workers === 'auto' ? availableParallelism() : workers;
}

/** Says to the primary that this worker answers. */
export function tellReady(): void {
  process.send?.(READY);
}

/**
 * Starts the workers, which share the ports (node:cluster), and keeps them running until SIGTERM or SIGINT. The first
 * one starts alone: what keeps it from starting would keep the others from it, too, and ends the process with its code.
 * One that ends later is replaced. Workers end by themselves when this process is gone.
 */
export async function superviseWorkers(count: number, log: EventLog): Promise<void> {
  tellWorkersMetrics();
  const pool = new WorkerPool(log);
  process.once('SIGTERM', () => pool.stop());
  process.once('SIGINT', () => pool.stop());
  const code = await pool.start();
  if (code !== undefined) process.exit(code);
  await Promise.all(Array.from({ length: count - 1 }, () => pool.start()));
  log.event('workers.listening', { workers: count });
}

class WorkerPool {
  private readonly restarts = new Set<NodeJS.Timeout>();
  private isStopping = false;

  constructor(private readonly log: EventLog) {}

  /** Resolves when the worker answers; with its exit code when it ends before that. */
  start(): Promise<number | undefined> {
    const worker = cluster.fork();
    return new Promise((resolve) => {
      let isReady = false;
      worker.on('message', (message) => {
        if (message !== READY) return;
        isReady = true;
        resolve(undefined);
      });
      worker.once('exit', (code, signal) => {
        this.ended(worker, code, signal, isReady);
        resolve(code === 0 || code === null ? 1 : code);
      });
    });
  }

  /** Each worker goes on for its delay and ends in order; when the last one is gone, this process ends. */
  stop(): void {
    this.isStopping = true;
    for (const restart of this.restarts) clearTimeout(restart);
    for (const worker of this.all()) worker.process.kill('SIGTERM');
    this.endWithTheLast();
  }

  private ended(
    worker: Worker,
    code: number | null,
    signal: string | null,
    wasReady: boolean,
  ): void {
    if (this.isStopping) {
      // One that had not started yet ends by the signal itself.
      if (code !== 0 && signal !== 'SIGTERM') process.exitCode = 1;
      this.endWithTheLast();
      return;
    }
    this.log.event('worker.exited', {
      worker: worker.id,
      ...(code !== null && { code }),
      ...(signal !== null && { signal }),
    });
    const restart = setTimeout(
      () => {
        this.restarts.delete(restart);
        void this.start();
      },
      wasReady ? 0 : PAUSE_MS,
    );
    this.restarts.add(restart);
  }

  private endWithTheLast(): void {
    if (this.all().length === 0) process.exit();
  }

  private all(): Worker[] {
    return Object.values(cluster.workers ?? {}).filter((worker) => worker !== undefined);
  }
}
