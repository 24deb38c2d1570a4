import { Controller, Get, Module, type DynamicModule } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import type { CallerIdentity, IdentityGuardOptions } from 'vestibule/guard';
import { CurrentIdentity, IdentityGuard } from 'vestibule/guard/nest';

@Controller('orders')
class OrdersController {
  @Get()
  list(@CurrentIdentity() { issuer, subject, claims }: CallerIdentity): object {
    return { owner: { issuer, subject }, groups: claims['groups'] ?? [] };
  }
}

/** The same with NestJS: the guard stands before every handler. */
@Module({ controllers: [OrdersController] })
export class OrdersModule {
  static behind(vestibule: IdentityGuardOptions): DynamicModule {
    const guard = { provide: APP_GUARD, useValue: new IdentityGuard(vestibule) };
    return { module: OrdersModule, providers: [guard] };
  }
}
