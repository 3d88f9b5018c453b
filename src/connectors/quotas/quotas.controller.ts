import { Controller, Get } from '@nestjs/common';
import type { Actor } from '../../platform/actor/actor.js';
import { CurrentActor } from '../../platform/actor/actor.decorators.js';
import { ProviderQuotas } from './provider-quotas.service.js';
import { ProviderQuotaList } from './quotas.dto.js';

@Controller('connectors')
export class QuotasController {
  constructor(private readonly quotas: ProviderQuotas) {}

  /** How many requests the platforms still take for the caller. */
  @Get('rate-limits')
  async list(@CurrentActor() actor: Actor): Promise<ProviderQuotaList> {
    return { items: await this.quotas.ofUser(actor.id) };
  }
}
