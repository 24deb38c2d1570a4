import 'reflect-metadata';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  Controller,
  Get,
  Module,
  type ExecutionContext,
  type INestApplication,
} from '@nestjs/common';
import { APP_GUARD, NestFactory } from '@nestjs/core';
import { newAssertionSigner, type AssertionSigner } from '../../test/support/assertion-signer.js';
import { exchange, jsonOf, type Hop } from '../../test/support/http-exchange.js';
import { JsonServer } from '../../test/support/json-server.js';
import type { CallerIdentity } from './identity-guard.js';
import { CurrentIdentity, IdentityGuard } from './nest-guard.js';

const ISSUER = 'https://app.example.com';

@Controller()
class WhoController {
  @Get('who')
  who(@CurrentIdentity() caller: CallerIdentity): CallerIdentity {
    return caller;
  }
}

let signer: AssertionSigner;
let keyServer: JsonServer;
let guard: IdentityGuard;
let application: INestApplication<Server>;

beforeAll(async () => {
  signer = await newAssertionSigner('a');
  keyServer = await JsonServer.start();
  const jwksUri = `${keyServer.origin}/jwks`;
  guard = new IdentityGuard({ issuer: ISSUER, audience: 'orders', jwksUri });
  @Module({ controllers: [WhoController], providers: [{ provide: APP_GUARD, useValue: guard }] })
  class ApiModule {}
  application = await NestFactory.create<INestApplication<Server>>(ApiModule, { logger: false });
  await application.listen(0, '127.0.0.1');
});
afterAll(async () => {
  await application.close();
  await keyServer.stop();
});

function ask(path: string, headers: Readonly<Record<string, string>> = {}): Promise<Hop> {
  const { port } = application.getHttpServer().address() as AddressInfo;
  return exchange(`http://127.0.0.1:${port}${path}`, { headers });
}

const assertion = (): Promise<string> => {
  const iat = Math.floor(Date.now() / 1000);
  const who = { sub: 'user-1', sid: 's', provider: 'p', idp_iss: 'https://login.example.com' };
  return signer.sign({ ...who, iss: ISSUER, aud: 'orders', iat, exp: iat + 60 });
};

describe('the guard for NestJS', () => {
  it('lets nobody in without keys, and then whom Vestibule vouches for', async () => {
    const headers = { 'x-auth-assertion': await assertion() };
    keyServer.answerJson({}, 500);
    expect((await ask('/who', headers)).status).toBe(503);
    keyServer.answerJson({ keys: [signer.publicJwk] });
    const answer = await ask('/who', headers);
    expect([answer.status, jsonOf(answer)['subject']]).toEqual([200, 'user-1']);
  });

  it('answers 401 to everybody else, without a reason (ATK-08)', async () => {
    const answers = [
      await ask('/who'),
      await ask('/who', { 'x-auth-subject': 'admin' }),
      await ask('/who', { 'x-auth-assertion': `${await assertion()}x` }),
    ];
    for (const { status, body } of answers)
      expect([status, JSON.parse(body)]).toEqual([
        401,
        { message: 'Unauthorized', statusCode: 401 },
      ]);
  });

  it('refuses what does not come by HTTP', async () => {
    const context = { getType: () => 'rpc' } as unknown as ExecutionContext;
    await expect(guard.canActivate(context)).rejects.toMatchObject({ status: 401 });
  });
});
