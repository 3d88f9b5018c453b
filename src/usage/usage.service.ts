import { Injectable } from '@nestjs/common';
import type { Actor } from '../platform/actor/actor.js';
import { Clock } from '../platform/clock/clock.js';
import { AppError } from '../platform/errors/app-error.js';
import { platformErrors } from '../platform/errors/platform.errors.js';
import { newId } from '../platform/ids/ids.js';
import { UsersService } from '../users/users.service.js';
import { UsageLedger } from './usage-ledger.service.js';
import { UsageSettlement, type ChargedEvent } from './usage-settlement.service.js';
import type { UsageReservationEntity } from './usage-reservation.entity.js';
import { UsageReservationsRepository } from './usage-reservations.repository.js';
import type { UsageKind } from './usage-kind.js';
import type { UsageCounters, UsageToday } from './usage.dto.js';
import { usageErrors } from './usage.errors.js';
import { dayHeading, dayOf, limitsOf, resetOf, sumOf, talliesOf, withLimits } from './usage.rules.js';
import { UsageSettings } from './usage.settings.js';

export interface ReservationRequest {
  characterId: string;
  kind: UsageKind;
  /** @default 1 */
  quantity?: number;
}

/** A place in the day's quota, to be committed or released before it expires. */
export interface Reservation {
  id: string;
  /** RFC 3339. */
  expiresAt: string;
  /** Of the reserved kind, after this reservation; `null` without a limit. */
  remaining: number | null;
  counters: UsageCounters;
}

/** What a user may still send today. Quota is reserved before a reply is asked for, never checked and hoped for. */
@Injectable()
export class UsageService {
  constructor(
    private readonly users: UsersService,
    private readonly ledger: UsageLedger,
    private readonly settlement: UsageSettlement,
    private readonly reservations: UsageReservationsRepository,
    private readonly settings: UsageSettings,
    private readonly clock: Clock,
  ) {}

  /**
   * Joins the running transaction.
   * @throws quota-exceeded with `{ kind, limit, used, reserved, resetsAt }`
   */
  async reserve(actor: Actor, { characterId, kind, quantity = 1 }: ReservationRequest): Promise<Reservation> {
    const tier = await this.users.tierOf(actor.id);
    const now = this.clock.now();
    const day = dayOf(now);
    const limits = limitsOf(tier, this.settings);
    const id = newId();
    const expiresAt = new Date(now.getTime() + this.settings.reservationTtlMs);
    const { granted, rows } = await this.ledger.reserve(
      { id, userId: actor.id, characterId, day, kind, quantity, createdAt: now, expiresAt },
      limits[kind],
    );
    const counters = withLimits(talliesOf(rows), limits);
    if (!granted) {
      const { limit, used, reserved } = counters[kind];
      const resetsAt = resetOf(day);
      throw usageErrors['quota-exceeded'](
        `${used + reserved} of today's ${limit} ${kind} messages to this character are used or being answered; ` +
          `try again after ${resetsAt.toISOString()}, or with the premium tier.`,
        {
          retryAfterMs: resetsAt.getTime() - now.getTime(),
          members: { kind, limit, used, reserved, resetsAt: resetsAt.toISOString() },
        },
      );
    }
    return {
      id,
      expiresAt: expiresAt.toISOString(),
      remaining: counters[kind].remaining,
      counters: { ...dayHeading(tier, day), counters },
    };
  }

  /**
   * Charges a reservation for an event, once per event: repeated, and with another reservation of the same counter
   * (which is then given back), it changes nothing.
   * @throws not-found, already-settled, expired
   */
  async commit(reservationId: string, event: ChargedEvent): Promise<void> {
    const { eventId } = event;
    const reservation = await this.getReservation(reservationId);
    if (await this.settlement.charge(reservation, event)) return;
    const now = await this.getReservation(reservationId);
    const charged = await this.reservations.findByEvent(eventId);
    if (charged?.id === reservationId) return;
    if (now.status !== 'committed' && charged && sameOwner(charged, now)) {
      await this.settlement.giveBack(now);
      return;
    }
    if (now.status === 'expired' || (now.status === 'reserved' && !charged)) {
      throw usageErrors.expired(`It was held until ${now.expiresAt.toISOString()}; make a new reservation.`);
    }
    throw usageErrors['already-settled'](
      charged
        ? `Event "${eventId}" was charged to somebody else; use an id of its own.`
        : `It was ${now.status}; make a new reservation.`,
    );
  }

  /**
   * As {@link commit}, also for work that waited longer than its reservation was held: that takes a new place, if the
   * day still has one.
   * @throws quota-exceeded, not-found, already-settled
   */
  async commitLate(reservationId: string, event: ChargedEvent): Promise<void> {
    try {
      await this.commit(reservationId, event);
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'expired') throw error;
      const overdue = await this.getReservation(reservationId);
      await this.settlement.giveBack(overdue);
      const { userId, characterId, kind, quantity } = overdue;
      const renewed = await this.reserve({ id: userId, role: 'user' }, { characterId, kind, quantity });
      await this.commit(renewed.id, event);
    }
  }

  /**
   * Gives a reservation back; one that was given back or has expired is left alone.
   * @throws not-found, already-settled when it was charged
   */
  async release(reservationId: string): Promise<void> {
    const reservation = await this.getReservation(reservationId);
    if (await this.settlement.giveBack(reservation)) return;
    const { status } = await this.getReservation(reservationId);
    if (status === 'committed') {
      throw usageErrors['already-settled']('It was charged and cannot be given back.');
    }
  }

  /** As {@link release}, for work of which nobody knows whether it was charged: then it stays so. */
  async giveBack(reservationId: string): Promise<void> {
    const reservation = await this.reservations.find(reservationId);
    if (reservation) await this.settlement.giveBack(reservation);
  }

  /** Notes the tokens of a reply that was charged when it began; once, and only where the event was charged. */
  async meter(eventId: string, tokens: number): Promise<void> {
    const charged = await this.reservations.findByEvent(eventId);
    if (charged) await this.settlement.meter(charged, tokens);
  }

  /** Cached; at once correct after every reservation and its settlement, and after midnight. */
  async counters(actor: Actor, characterId: string): Promise<UsageCounters> {
    const tier = await this.users.tierOf(actor.id);
    const today = dayOf(this.clock.now());
    const cached = await this.ledger.tallies(actor.id, characterId);
    const { day, tallies } = cached.day === today ? cached : await this.ledger.turnDay(actor.id, characterId);
    return { ...dayHeading(tier, day), counters: withLimits(tallies, limitsOf(tier, this.settings)) };
  }

  /** Every character the caller has used today. */
  async today(actor: Actor): Promise<UsageToday> {
    const tier = await this.users.tierOf(actor.id);
    const limits = limitsOf(tier, this.settings);
    const day = dayOf(this.clock.now());
    const tallies = [...(await this.ledger.byCharacter(actor.id, day))];
    return {
      ...dayHeading(tier, day),
      characters: tallies.map(([characterId, own]) => ({ characterId, counters: withLimits(own, limits) })),
      totals: sumOf(tallies.map(([, own]) => own)),
    };
  }

  private async getReservation(id: string): Promise<UsageReservationEntity> {
    const reservation = await this.reservations.find(id);
    if (!reservation) throw platformErrors['not-found'](`There is no reservation "${id}".`);
    return reservation;
  }
}

const sameOwner = (a: UsageReservationEntity, b: UsageReservationEntity): boolean =>
  a.userId === b.userId && a.characterId === b.characterId && a.kind === b.kind;
