import { Inject, Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { configOf, LOOPBACK_ENV } from '../../test/support/config-env.js';
import { ConfigModule } from './config.module.js';
import * as types from './config.types.js';

@Injectable()
class Reader {
  constructor(@Inject(types.CookieConfig) readonly cookie: types.CookieConfig) {}
}

@Module({ providers: [Reader] })
class ReaderModule {}

@Module({ imports: [ConfigModule.of(configOf(LOOPBACK_ENV)), ReaderModule] })
class RootModule {}

it('gives a class in any module the section that it asks for', async () => {
  const app = await NestFactory.createApplicationContext(RootModule, { logger: false });
  expect(app.get(Reader).cookie.name).toBe('vestibule-3000');
  await app.close();
});

it('provides and exports the whole and every section', () => {
  const { exports, global } = ConfigModule.of(configOf(LOOPBACK_ENV));
  const tokens = Object.values(types).filter((value) => typeof value === 'symbol');
  expect(global).toBe(true);
  expect(new Set(exports)).toEqual(new Set(tokens));
  expect(tokens).toHaveLength(17);
});
