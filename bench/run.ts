/**
 * `npm run bench`: what an instance costs; `-- --proxied`: what a proxied call costs. `--quick` does fewer rounds.
 * Prints a table; the figures of one machine are comparable with each other and with nothing else.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { median } from './load.ts';
import { Product } from './product.ts';
import { benchProxied } from './proxied.ts';

const rounds = process.argv.includes('--quick') ? 3 : 9;
const SETTLE_MS = 2_000;

if (process.argv.includes('--proxied')) {
  await benchProxied(rounds);
  process.exit();
}

const startUps: number[] = [];
const memories: number[] = [];
for (let round = 1; round <= rounds; round += 1) {
  const product = await Product.start();
  // Idle means: started, answered once, and left alone until the collector has run.
  await delay(SETTLE_MS);
  startUps.push(product.startUpMs);
  memories.push(product.memoryMib);
  await product.stop();
  console.log(`round ${round} of ${rounds}`);
}

console.table({
  'start-up to the first answer': { median: `${Math.round(median(startUps))} ms` },
  'idle memory (resident)': { median: `${Math.round(median(memories))} MiB` },
});
