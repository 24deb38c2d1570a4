/** L1: the least that a server in Node can be. */
import { createServer } from 'node:http';

const body = '{"authenticated":true}';
createServer((_req, res) => {
  res
    .writeHead(200, { 'content-type': 'application/json', 'content-length': body.length })
    .end(body);
}).listen(Number(process.env['PORT']), '127.0.0.1');
