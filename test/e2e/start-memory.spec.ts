import { readFileSync } from 'node:fs';
import { OpHost } from '../support/op-host.js';
import { ProductProcess } from '../support/product-process.js';

/** Preloaded: tells which of the ticks that were made to be kept are still there, and which collections were asked for. */
const WATCH = `
  import { createHook } from 'node:async_hooks';
  // In two pieces, because this text itself stands in every trace.
  const maker = 'keepTick' + 'Shape';
  const ticks = [];
  const asked = [];
  createHook({
    init(_id, type, _trigger, tick) {
      if (type === 'TickObject' && new Error().stack.includes(maker)) ticks.push(new WeakRef(tick));
    },
  }).enable();
  const { gc } = globalThis;
  globalThis.gc = (how) => { asked.push(how.flavor); gc(how); };
  process.on('message', () => setTimeout(() => {
    gc({ type: 'major', execution: 'sync', flavor: 'last-resort' });
    setTimeout(() => {
      const kept = ticks.filter((tick) => tick.deref() !== undefined).length;
      process.send({ asked, kept });
    });
  }));
`;

/** What `npm start` gives Node. */
function startFlags(): readonly string[] {
  const { scripts } = JSON.parse(
    readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
  ) as { readonly scripts: { readonly start: string } };
  return scripts.start.split(' ').filter((word) => word.startsWith('--'));
}

describe('the memory of the product that `npm start` starts', () => {
  it('is collected once when it listens, and a tick outlives every collection', async () => {
    const op = await OpHost.start();
    const preload = `data:text/javascript,${encodeURIComponent(WATCH)}`;
    const product = await ProductProcess.start({
      op,
      flags: [...startFlags(), '--import', preload],
    });
    try {
      expect(await product.ask('memory')).toEqual({
        asked: ['last-resort'],
        kept: 1,
      });
    } finally {
      await product.stop();
      await op.close();
    }
  });
});
