import { request } from 'node:http';
import type { Person } from './browser.ts';
import type { Stage } from './stage.ts';

const LIMIT_MS = 5_000;

/** An open `GET /session/events`, as another tab has it; resolves when its page has learnt of the end. */
function otherTab(
  stage: Stage,
  person: Person,
  port: number,
): { readonly opened: Promise<void>; readonly told: Promise<number | undefined> } {
  const headers = { host: stage.places.publicHost, cookie: person.cookie };
  let opened: () => void = () => undefined;
  const isOpen = new Promise<void>((resolve) => (opened = resolve));
  const told = new Promise<number | undefined>((resolve) => {
    const signal = AbortSignal.timeout(LIMIT_MS * 2);
    const sent = request({ host: '127.0.0.1', port, path: '/session/events', headers, signal });
    sent.on('response', (answer) => {
      answer.setEncoding('utf8');
      answer.on('data', (text: string) => {
        opened();
        if (!text.includes('event: ended') || !text.includes('"logout"')) return;
        resolve(performance.now());
        sent.destroy();
      });
      answer.on('error', () => undefined);
    });
    sent.on('error', () => {
      opened();
      resolve(undefined);
    });
    sent.end();
  });
  return { opened: isOpen, told };
}

export interface EventTimes {
  readonly samples: number;
  readonly missed: number;
  readonly p50: number;
  readonly p99: number;
}

/** Everybody logs out in one tab; how long until their tabs on every replica know, in milliseconds from the click. */
export async function timeEvents(stage: Stage, people: readonly Person[]): Promise<EventTimes> {
  const times: (number | undefined)[] = [];
  for (const person of people) {
    const tabs = stage.replicas.map(({ port }) => otherTab(stage, person, port));
    await Promise.all(tabs.map((tab) => tab.opened));
    const clicked = performance.now();
    const headers = { host: stage.places.publicHost, cookie: person.cookie, 'x-csrf': '1' };
    await stage.balancer.send('/logout', { method: 'POST', headers });
    const told = await Promise.all(tabs.map((tab) => tab.told));
    times.push(...told.map((instant) => instant && instant - clicked));
  }
  const known = times.filter((ms) => ms !== undefined).toSorted((a, b) => a - b);
  const quantile = (part: number): number =>
    known[Math.min(Math.floor(known.length * part), known.length - 1)] ?? Number.NaN;
  return {
    samples: times.length,
    missed: times.length - known.length,
    p50: quantile(0.5),
    p99: quantile(0.99),
  };
}
