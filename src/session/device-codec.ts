import type { KeyRing } from '../crypto/key-ring.js';
import { openWith, sealWith } from '../crypto/sealed-box.js';
import { HEAD, instantIn, type StoreKey } from '../store/store.port.js';

const FORMAT = 1;

/** What a list shows of a session, readable without its cookie. Instants are epoch milliseconds. */
export interface Device {
  readonly handle: string;
  readonly provider: string;
  readonly createdAt: number;
  readonly lastSeenAt: number;
  readonly idleDeadline: number;
  /** The browser, as it called itself at login. */
  readonly client: string;
}

type SealedDevice = Pick<Device, 'handle' | 'provider' | 'createdAt' | 'client'>;

/** Seals and opens device records: by the server key alone, bound to the session's place in the store. */
export class DeviceCodec {
  constructor(private readonly ring: KeyRing) {}

  encode(key: StoreKey, device: SealedDevice): Buffer {
    return Buffer.concat([
      Buffer.of(FORMAT),
      sealWith(this.ring, ['device'], aad(key), JSON.stringify(device)),
    ]);
  }

  /** Undefined for whatever does not open. When it was last seen follows from the idle deadline in the head. */
  decode(key: StoreKey, bytes: Buffer, head: Buffer, idleMs: number): Device | undefined {
    if (bytes[0] !== FORMAT || head.length < HEAD.identityBytes) return undefined;
    const plain = openWith(this.ring, ['device'], aad(key), bytes.subarray(1));
    if (plain === undefined) return undefined;
    const device = JSON.parse(plain.toString('utf8')) as SealedDevice;
    const idleDeadline = instantIn(head, HEAD.idleDeadlineAt);
    return {
      ...device,
      idleDeadline,
      lastSeenAt: Math.max(device.createdAt, idleDeadline - idleMs),
    };
  }
}

function aad(key: StoreKey): string {
  return `${FORMAT}:device:${key}`;
}
