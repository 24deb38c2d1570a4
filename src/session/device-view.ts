import type { Device } from './device-codec.js';

/** What a list shows of a session; instants are epoch seconds. */
export function deviceView(device: Device): object {
  return {
    session_id: device.handle,
    provider: device.provider,
    created_at: Math.floor(device.createdAt / 1000),
    last_seen_at: Math.floor(device.lastSeenAt / 1000),
    client: device.client,
  };
}
