/** L2: the least that a sealed session in Redis can cost. One GET of a record as large as ours, one AES-256-GCM, JSON. */
import { createCipheriv, createDecipheriv, createSecretKey, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { Redis } from 'ioredis';

const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const KEY_NAME = 'bench:bare-session';

const redis = new Redis(process.env['REDIS_URL'] ?? '', { replyMapping: 'legacy' });
const key = createSecretKey(randomBytes(32));
await redis.set(KEY_NAME, seal(recordOf(Number(process.env['RECORD_BYTES']))));

function recordOf(bytes: number): string {
  const record = { authenticated: true, user: { sub: 'alice', name: '' } };
  const rest = bytes - NONCE_BYTES - TAG_BYTES - JSON.stringify(record).length;
  record.user.name = 'x'.repeat(Math.max(rest, 0));
  return JSON.stringify(record);
}

function seal(text: string): Buffer {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  return Buffer.concat([nonce, cipher.update(text), cipher.final(), cipher.getAuthTag()]);
}

function open(box: Buffer): unknown {
  const decipher = createDecipheriv('aes-256-gcm', key, box.subarray(0, NONCE_BYTES));
  decipher.setAuthTag(box.subarray(-TAG_BYTES));
  const text = decipher.update(box.subarray(NONCE_BYTES, -TAG_BYTES));
  return JSON.parse(Buffer.concat([text, decipher.final()]).toString('utf8'));
}

createServer((_req, res) => {
  void redis.getBuffer(KEY_NAME).then((box) => {
    const body = JSON.stringify(open(box ?? Buffer.alloc(0)));
    res
      .writeHead(200, {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(body),
      })
      .end(body);
  });
}).listen(Number(process.env['PORT']), '127.0.0.1');
