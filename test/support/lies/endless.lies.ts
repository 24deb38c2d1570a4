import type { IncomingMessage, ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import type { Lie } from './lie.types.js';

/** Answers in the provider's place; `sent` counts the bytes that went out. */
export type Attack = (
  req: IncomingMessage,
  res: ServerResponse,
  sent: (bytes: number) => void,
) => void;

export interface EndlessLie extends Lie<Attack> {
  /** The product hangs up; otherwise the answer has an end of its own. */
  readonly endless: boolean;
}

const CHUNK = 'x'.repeat(65_536);
const BOMB_BYTES = 67_108_864;
const DRIP_MS = 20;

const asJson = { 'content-type': 'application/json' };

const flood: Attack = (_req, res, sent) => {
  res.writeHead(200, asJson).write('{"padding":"');
  const more = (): void => {
    if (res.destroyed) return;
    sent(CHUNK.length);
    if (res.write(CHUNK)) setImmediate(more);
    else res.once('drain', more);
  };
  more();
};

const drip: Attack = (_req, res, sent) => {
  res.writeHead(200, asJson).write('{"padding":"');
  const timer = setInterval(() => {
    sent(1);
    res.write('x');
  }, DRIP_MS);
  res.once('close', () => clearInterval(timer));
};

let packed: Buffer | undefined;
const bomb: Attack = (_req, res, sent) => {
  packed ??= gzipSync(Buffer.alloc(BOMB_BYTES, 'x'));
  sent(packed.length);
  res.writeHead(200, { ...asJson, 'content-encoding': 'gzip' }).end(packed);
};

const circle: Attack = (req, res) => {
  res.writeHead(302, { location: `${req.url ?? '/'}x` }).end();
};

/** Answers without end, or much larger than they look (RFC 9110 §17). */
export const ENDLESS_LIES: readonly EndlessLie[] = [
  { rows: ['ATK-87'], lie: 'JSON without an end', tell: flood, endless: true },
  { rows: ['ATK-87'], lie: 'a byte every 20 ms', tell: drip, endless: true },
  { rows: ['ATK-87'], lie: '64 MiB in 64 KiB (gzip)', tell: bomb, endless: false },
  { rows: ['ATK-87'], lie: 'redirects in a circle', tell: circle, endless: false },
];
