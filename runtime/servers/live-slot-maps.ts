import { errorLine, IrisError } from '../contract/errors.ts';
import { SLOT_MAP_POLL_MS } from '../contract/limits.ts';
import { readSlotMap, type SlotRouter } from '../contract/slot-map.ts';
import { transitionProblems } from '../contract/slot-map-transition.ts';
import type { Clock, Timer } from '../ports/clock.ts';
import type { SlotMapSource, SlotMaps } from '../ports/slot-maps.ts';
import type { Telemetry } from '../ports/telemetry.ts';

/** Codes of a source that cannot be asked. */
const AWAY: readonly string[] = ['ENGINE_UNAVAILABLE', 'ENGINE_INVALID', 'AWS_REFUSED'];

export interface LiveSlotMapsParts {
  readonly source: SlotMapSource;
  readonly environment: string;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  /** The one validator, or one that remembers what it has read. */
  readonly read?: (document: unknown) => SlotRouter;
  /** The last good document of this node; undefined where there is none. @default none is kept */
  readonly kept?: () => Promise<unknown>;
}

/**
 * The slot map in force, looked for every SLOT_MAP_POLL_MS. One that the validator or the transition check refuses is told and counted,
 * and the last good one stays (L12).
 */
export class LiveSlotMaps implements SlotMaps {
  private readonly parts: LiveSlotMapsParts;
  private readonly refused: { value: number };
  private readonly listeners: ((now: SlotRouter, before: SlotRouter) => void)[] = [];
  private router: SlotRouter;
  private timer: Timer;
  private isStopped = false;
  private lastProblem = '';
  private isAway = false;

  private constructor(parts: LiveSlotMapsParts, first: SlotRouter) {
    this.parts = parts;
    this.router = first;
    const { telemetry, clock } = parts;
    this.refused = telemetry.counter('iris_slot_map_refused_total', 'Slot maps that were published and not taken');
    telemetry.gauge('iris_slot_map_version', 'Version of the slot map in force', () => this.router.map.version);
    this.timer = clock.after(SLOT_MAP_POLL_MS, () => this.look());
  }

  /** @throws IrisError FILE_UNREADABLE, CONFIG_INVALID, or as the source rejects: a node does not start without a good map. */
  static async open(parts: LiveSlotMapsParts): Promise<LiveSlotMaps> {
    const kept = await keptRouter(parts);
    if (kept === undefined) return new LiveSlotMaps(parts, routerOf(parts, await parts.source.poll()));
    const slots = new LiveSlotMaps(parts, kept);
    await slots.refresh();
    return slots;
  }

  get current(): SlotRouter {
    return this.router;
  }

  onChange(listener: (now: SlotRouter, before: SlotRouter) => void): void {
    this.listeners.push(listener);
  }

  stop(): void {
    this.isStopped = true;
    this.timer.stop();
    this.parts.source.close?.();
  }

  /** Takes what has been published by now. A look that fails is told and counted like any other. */
  async refresh(): Promise<void> {
    try {
      const document = await this.parts.source.poll();
      if (!this.isStopped) this.answered(document);
    } catch (error) {
      this.failed(error);
    }
  }

  private look(): void {
    this.parts.source.poll().then(
      (document) => this.looked(document),
      (error: unknown) => {
        this.failed(error);
        this.lookLater();
      },
    );
  }

  private looked(document: unknown): void {
    if (this.isStopped) return;
    this.answered(document);
    this.lookLater();
  }

  private answered(document: unknown): void {
    if (this.isAway) this.parts.telemetry.log.info('slot-map-source-back');
    this.isAway = false;
    if (document !== undefined) this.offer(document);
  }

  /** A source that is away says nothing about what was published; the map in force stays. */
  private failed(error: unknown): void {
    if (!(error instanceof IrisError && AWAY.includes(error.code))) {
      this.refuse(errorLine(error));
      return;
    }
    if (!this.isAway) this.parts.telemetry.log.warn('slot-map-source-away', { reason: error.message, inForce: this.router.map.version });
    this.isAway = true;
  }

  private lookLater(): void {
    if (!this.isStopped) this.timer = this.parts.clock.after(SLOT_MAP_POLL_MS, () => this.look());
  }

  private offer(document: unknown): void {
    let next: SlotRouter;
    try {
      next = (this.parts.read ?? readSlotMap)(document);
    } catch (error) {
      this.refuse(errorLine(error));
      return;
    }
    const before = this.router;
    if (next === before || JSON.stringify(next.map) === JSON.stringify(before.map)) return;
    const problems = transitionProblems(before, next);
    if (problems.length > 0) {
      this.refuse(`slot map of version ${next.map.version}: ${problems.join('; ')}`);
      return;
    }
    this.router = next;
    this.lastProblem = '';
    this.parts.telemetry.log.info('slot-map-taken', {
      version: next.map.version,
      shards: next.map.shards,
      isMoving: next.map.moving !== undefined,
    });
    for (const listener of this.listeners) listener(next, before);
  }

  /** A file that stays unreadable is told once, not at every look. */
  private refuse(reason: string): void {
    if (reason === this.lastProblem) return;
    this.lastProblem = reason;
    this.refused.value++;
    this.parts.telemetry.log.error('slot-map-refused', { reason, inForce: this.router.map.version });
  }
}

function routerOf(parts: LiveSlotMapsParts, document: unknown): SlotRouter {
  const router = (parts.read ?? readSlotMap)(document);
  if (router.map.environment === parts.environment) return router;
  throw new IrisError('CONFIG_INVALID', `the slot map belongs to environment ${router.map.environment}, this node to ${parts.environment}`);
}

/** Undefined where none was kept, or what was is not good any more: then the source has to have one. */
async function keptRouter(parts: LiveSlotMapsParts): Promise<SlotRouter | undefined> {
  try {
    const document = await parts.kept?.();
    return document === undefined ? undefined : routerOf(parts, document);
  } catch (error) {
    parts.telemetry.log.warn('slot-map-kept-is-bad', { reason: errorLine(error) });
    return undefined;
  }
}
