import { frameOf } from '../../test/support/web-socket.js';
import { FrameBoundary } from './frame-boundary.js';

/** Whether a frame may be put in after each of these parts. */
function boundaries(...parts: readonly Buffer[]): boolean[] {
  const boundary = new FrameBoundary();
  return parts.map((part) => {
    boundary.pass(part);
    return boundary.isBetweenFrames;
  });
}

const bytes = (frame: Buffer): Buffer[] => [...frame].map((byte) => Buffer.from([byte]));

describe('the boundary between two frames (RFC 6455 §5.2)', () => {
  it('is there before anything came', () => {
    expect(new FrameBoundary().isBetweenFrames).toBe(true);
  });

  it.each([0, 1, 125, 126, 127, 65_535, 65_536, 200_000])(
    'comes after a frame of %d bytes, masked or not',
    (length) => {
      for (const isMasked of [false, true]) {
        const frame = frameOf(2, Buffer.alloc(length, 0x81), isMasked);
        expect(boundaries(frame, frame)).toEqual([true, true]);
        expect(boundaries(frame.subarray(0, -1), frame.subarray(-1))).toEqual([false, true]);
      }
    },
  );

  it.each([
    [0, false],
    [5, false],
    [300, false],
    [5, true],
    [300, true],
  ])('is nowhere within a frame of %d bytes, masked: %p', (length, isMasked) => {
    const parts = bytes(frameOf(1, Buffer.alloc(length, 0x88), isMasked));
    expect(boundaries(...parts)).toEqual(parts.map((_byte, at) => at === parts.length - 1));
  });

  it('is found wherever the parts begin and end', () => {
    const frames = [3, 126, 0, 70_000].map((length) => frameOf(1, Buffer.alloc(length), false));
    const all = Buffer.concat(frames);
    for (const size of [1, 2, 7, 1_000, 65_536]) {
      const parts: Buffer[] = [];
      for (let at = 0; at < all.length; at += size) parts.push(all.subarray(at, at + size));
      expect(boundaries(...parts).at(-1)).toBe(true);
    }
    expect(boundaries(Buffer.concat([all, Buffer.from([0x81])]))).toEqual([false]);
  });
});
