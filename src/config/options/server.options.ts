import { optional, required, withDefault } from '../option.js';
import { countOrAuto, list, port } from '../values/basic-values.js';
import { duration } from '../values/duration.js';
import { listenHost, trustedPeer } from '../values/network-values.js';
import { basePath } from '../values/path-values.js';
import { exactOrigin, publicUrl } from '../values/web-url.js';

const MOST_WORKERS = 128;

/** Section `server`: where Vestibule stands and whom it believes. */
export const serverOptions = {
  publicUrl: required({
    key: 'publicUrl',
    env: 'PUBLIC_URL',
    type: publicUrl,
    remedy: 'set it to the address that browsers see, such as https://app.example.com',
    doc: 'Scheme and host under which browsers reach Vestibule; cookies and redirect URIs follow from it. http only for localhost, 127.0.0.0/8 and [::1]. No default, because a guess would be a security decision.',
  }),
  basePath: withDefault({
    key: 'basePath',
    env: 'BASE_PATH',
    type: basePath,
    default: '',
    doc: 'Path below which everything is served, such as `/app`. Empty is the root, where a `__Host-` cookie belongs.',
  }),
  port: withDefault({
    key: 'port',
    env: 'PORT',
    type: port,
    default: '3000',
    doc: 'Port of the public listener; 0 lets the system choose.',
  }),
  host: optional({
    key: 'host',
    env: 'HOST',
    type: listenHost,
    otherwise: '`0.0.0.0`; `127.0.0.1` when `PUBLIC_URL` is on this machine',
    doc: 'Address of the public listener. What is developed on this machine is not offered to the network.',
  }),
  internalPort: withDefault({
    key: 'internalPort',
    env: 'INTERNAL_PORT',
    type: port,
    default: '3001',
    doc: 'Port of the internal listener (gateways, internal APIs, operators); 0 lets the system choose.',
  }),
  internalHost: withDefault({
    key: 'internalHost',
    env: 'INTERNAL_HOST',
    type: listenHost,
    default: '127.0.0.1',
    doc: 'Address of the internal listener. Only this machine by default; never route it to browsers.',
  }),
  workers: withDefault({
    key: 'workers',
    env: 'WORKERS',
    type: countOrAuto(MOST_WORKERS),
    default: '1',
    doc: 'Processes that share the two ports, so that more than one processor is used; `auto` is one for each. More than one need Redis.',
  }),
  trustProxy: withDefault({
    key: 'trustProxy',
    env: 'TRUST_PROXY',
    type: list('addresses and ranges', trustedPeer),
    default: '',
    doc: 'Proxies whose forwarding headers are believed: addresses, ranges, or `loopback`. Nobody by default, because any client can write these headers.',
  }),
  allowedOrigins: withDefault({
    key: 'allowedOrigins',
    env: 'ALLOWED_ORIGINS',
    type: list('origins', exactOrigin),
    default: '',
    doc: 'Other origins whose pages may call Vestibule with credentials (CORS). Exact, and of the same site as `PUBLIC_URL`, else the cookie would not come. None by default.',
  }),
  returnOrigins: withDefault({
    key: 'returnOrigins',
    env: 'RETURN_ORIGINS',
    type: list('origins', exactOrigin),
    default: '',
    doc: 'Other origins that a login may return to (`return_to`). None by default, so that no login ends on a foreign page.',
  }),
  shutdownDelayMs: optional({
    key: 'shutdownDelay',
    env: 'SHUTDOWN_DELAY',
    type: duration('0s', '10m'),
    otherwise: '`5s`; `0s` when `PUBLIC_URL` is on this machine',
    doc: 'How long the listeners go on after SIGTERM while readiness is already red. The default lets load balancers notice.',
  }),
  shutdownTimeoutMs: withDefault({
    key: 'shutdownTimeout',
    env: 'SHUTDOWN_TIMEOUT',
    type: duration('0s', '1h'),
    default: '10s',
    doc: 'How long requests may still run after the delay. Delay and timeout together must stay below the grace period of what sends SIGTERM (Kubernetes 30 s, Docker 10 s).',
  }),
};
