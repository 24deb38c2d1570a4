import { type DynamicModule, type InjectionToken, Module } from '@nestjs/common';
import {
  AssertionConfig,
  ClaimsConfig,
  CookieConfig,
  CsrfConfig,
  LimitsConfig,
  LogConfig,
  LoginConfig,
  PoliciesConfig,
  ProvidersConfig,
  ProxyRoutesConfig,
  ServerConfig,
  ServicesConfig,
  SessionConfig,
  SpaConfig,
  StoreConfig,
  TokenConfig,
  VestibuleConfig,
} from './config.types.js';

/** Gives every class the section that it needs, under the section's token. */
@Module({})
export class ConfigModule {
  static of(config: VestibuleConfig): DynamicModule {
    const values: readonly (readonly [InjectionToken, unknown])[] = [
      [VestibuleConfig, config],
      [ServerConfig, config.server],
      [CookieConfig, config.cookie],
      [CsrfConfig, config.csrf],
      [SessionConfig, config.session],
      [StoreConfig, config.store],
      [ProvidersConfig, config.providers],
      [LoginConfig, config.login],
      [LimitsConfig, config.limits],
      [TokenConfig, config.tokens],
      [ProxyRoutesConfig, config.routes],
      [PoliciesConfig, config.policies],
      [ServicesConfig, config.services],
      [ClaimsConfig, config.claims],
      [AssertionConfig, config.assertion],
      [SpaConfig, config.spa],
      [LogConfig, config.log],
    ];
    return {
      module: ConfigModule,
      global: true,
      providers: values.map(([provide, useValue]) => ({ provide, useValue })),
      exports: values.map(([provide]) => provide),
    };
  }
}
