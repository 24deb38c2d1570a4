import cluster, { type Worker } from 'node:cluster';
import { AggregatorRegistry, type Registry } from 'prom-client';

/** What a worker asks the primary, and what it gets: text is absent where the workers did not tell in time. */
interface Question {
  readonly vestibule: 'metrics.ask';
  readonly id: number;
}
interface Answer {
  readonly vestibule: 'metrics.answer';
  readonly id: number;
  readonly text?: string;
}

/**
 * Prometheus meets now this worker and now that, and counts would jump: whichever is asked answers for all. prom-client
 * puts together what the workers tell the primary; this is the way to ask for it.
 */
export function tellWorkersMetrics(): void {
  const all = new AggregatorRegistry();
  cluster.on('message', (worker: Worker, message: unknown) => {
    if (!isQuestion(message)) return;
    const { id } = message;
    const answer = (text?: string): void => {
      const told: Answer = { vestibule: 'metrics.answer', id, ...(text !== undefined && { text }) };
      if (worker.isConnected()) worker.send(told);
    };
    all.clusterMetrics().then(answer, () => answer());
  });
}

/**
 * Makes this worker's metrics part of all; gives the function that reads those of all workers.
 * It rejects when a worker does not tell its own within some seconds.
 */
export function joinWorkers(registry: Registry): () => Promise<string> {
  AggregatorRegistry.setRegistries(registry);
  // Made for its listener, which answers the primary.
  void new AggregatorRegistry();
  const asked = new Map<number, (text: string | undefined) => void>();
  let last = 0;
  process.on('message', (message: unknown) => {
    if (!isAnswer(message)) return;
    asked.get(message.id)?.(message.text);
    asked.delete(message.id);
  });
  return async () => {
    last += 1;
    const question: Question = { vestibule: 'metrics.ask', id: last };
    const text = await new Promise<string | undefined>((resolve) => {
      asked.set(question.id, resolve);
      process.send?.(question);
    });
    if (text === undefined) throw new Error('a worker did not tell its metrics');
    return text;
  };
}

function isQuestion(message: unknown): message is Question {
  return kindOf(message) === 'metrics.ask';
}

function isAnswer(message: unknown): message is Answer {
  return kindOf(message) === 'metrics.answer';
}

function kindOf(message: unknown): unknown {
  return typeof message === 'object' && message !== null
    ? Reflect.get(message, 'vestibule')
    : undefined;
}
