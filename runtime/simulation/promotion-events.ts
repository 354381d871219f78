import type { SeededRandom } from './seeded-random.ts';
import type { World } from './world.ts';

/** Most buckets a simulated inbox gets. */
const BUCKETS_MAX = 5;

/** Promotes and demotes users at random moments, whatever else happens (B3, F15). */
export class PromotionEvents {
  /** Changes that were made. */
  made = 0;
  /** Users whose inbox was spread over other cores than their own. */
  readonly promoted = new Set<string>();
  private readonly world: World;
  private readonly users: readonly string[];
  private isActive = true;

  private readonly everyMs: number;

  /** `everyMs` is what lies between two of them on average. */
  constructor(world: World, { users, everyMs }: { users: readonly string[]; everyMs: number }) {
    this.world = world;
    this.users = users;
    this.everyMs = everyMs;
  }

  start(): void {
    this.later();
  }

  finish(): void {
    this.isActive = false;
  }

  private get random(): SeededRandom {
    return this.world.random;
  }

  private later(): void {
    this.world.time.schedule(this.world.time.nowMs + this.random.between(this.everyMs / 30, this.everyMs * 2), () => {
      if (!this.isActive) return;
      const user = Buffer.from(this.random.pick(this.users), 'utf8');
      const { group } = this.world.router.homeOfUser(user);
      this.world
        .ownerOf(group)
        ?.promote(user, 1 + this.random.below(BUCKETS_MAX))
        .then(
          () => {
            this.made++;
            this.promoted.add(user.toString('utf8'));
          },
          // Refused while an earlier change is under way, as an operator would be.
          () => undefined,
        );
      this.later();
    });
  }
}
