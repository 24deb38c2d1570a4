import { identityRecord } from '../../test/support/store-records.js';
import { IDLE_MS, sessionConfig } from '../../test/support/session-fixtures.js';
import { KeyRing } from '../crypto/key-ring.js';
import { DeviceCodec } from './device-codec.js';

const [k1] = sessionConfig.keys;
const k2 = { kid: 'k2', secret: Buffer.alloc(32, 2) };
const codec = new DeviceCodec(new KeyRing(sessionConfig.keys));
const KEY = 'k'.repeat(43);
const device = {
  handle: 'h'.repeat(43),
  provider: 'generic',
  createdAt: 1_000,
  client: 'Browser/1',
};
const headAt = (idleDeadline: number): Buffer => identityRecord({ idleDeadline });

function flipped(bytes: Buffer): Buffer {
  const last = (bytes.at(-1) ?? 0) ^ 1;
  return Buffer.concat([bytes.subarray(0, -1), Buffer.of(last)]);
}

describe('a device record', () => {
  it('opens without the cookie, and tells from the head when the device was last seen', () => {
    const bytes = codec.encode(KEY, device);
    expect(codec.decode(KEY, bytes, headAt(IDLE_MS + 5_000), IDLE_MS)).toEqual({
      ...device,
      idleDeadline: IDLE_MS + 5_000,
      lastSeenAt: 5_000,
    });
  });

  it('was never seen before it was created, whatever the idle time is now', () => {
    const bytes = codec.encode(KEY, device);
    expect(codec.decode(KEY, bytes, headAt(2_000), IDLE_MS)).toMatchObject({ lastSeenAt: 1_000 });
  });

  it('shows nothing in the clear', () => {
    const text = codec.encode(KEY, device).toString('latin1');
    for (const value of [device.handle, device.provider, device.client])
      expect(text).not.toContain(value);
  });

  it('opens under every key of the ring', () => {
    const bytes = codec.encode(KEY, device);
    const rotated = new DeviceCodec(new KeyRing([k2, k1!]));
    expect(rotated.decode(KEY, bytes, headAt(0), IDLE_MS)).toMatchObject(device);
    expect(
      new DeviceCodec(new KeyRing([k2])).decode(KEY, bytes, headAt(0), IDLE_MS),
    ).toBeUndefined();
  });

  it.each<[string, (bytes: Buffer) => Buffer]>([
    ['of another format', (bytes) => Buffer.concat([Buffer.of(2), bytes.subarray(1)])],
    ['that was cut', (bytes) => bytes.subarray(0, -1)],
    ['that was changed', (bytes) => flipped(bytes)],
    ['that is empty', () => Buffer.alloc(0)],
  ])('%s does not open', (_what, change) => {
    const bytes = change(codec.encode(KEY, device));
    expect(codec.decode(KEY, bytes, headAt(0), IDLE_MS)).toBeUndefined();
  });

  it('does not open in the place of another session, nor beside a head that is cut', () => {
    const bytes = codec.encode(KEY, device);
    expect(codec.decode('x'.repeat(43), bytes, headAt(0), IDLE_MS)).toBeUndefined();
    expect(codec.decode(KEY, bytes, headAt(0).subarray(0, 24), IDLE_MS)).toBeUndefined();
  });
});
