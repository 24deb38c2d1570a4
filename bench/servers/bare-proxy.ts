/** P2: the least that a proxy in Node can be. Bare node:http and undici, no session, no judgement. */
import { createServer } from 'node:http';
import { Agent } from 'undici';

const upstream = process.env['UPSTREAM'] ?? '';
const agent = new Agent({ connections: 256 });

createServer((req, res) => {
  agent.dispatch(
    { origin: upstream, path: req.url ?? '/', method: 'GET', headers: req.headers },
    {
      onRequestStart: () => undefined,
      onResponseStart: (_controller, status, headers) => void res.writeHead(status, headers),
      onResponseData: (_controller, chunk) => void res.write(chunk),
      onResponseEnd: () => void res.end(),
      onResponseError: () => void res.destroy(),
    },
  );
}).listen(Number(process.env['PORT']), '127.0.0.1');
