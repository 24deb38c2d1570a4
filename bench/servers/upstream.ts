/** An API that answers the same every time: what is left of a measurement is the proxy. */
import { createServer } from 'node:http';

const body = JSON.stringify({
  orders: Array.from({ length: 20 }, (_none, id) => ({ id, state: 'open' })),
});
createServer((req, res) => {
  req.resume();
  res
    .writeHead(200, { 'content-type': 'application/json', 'content-length': body.length })
    .end(body);
}).listen(Number(process.env['PORT']), '127.0.0.1');
