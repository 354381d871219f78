import type { CqlOwnershipParts } from '../../runtime/adapters/ownership-cql.ts';

type Session = CqlOwnershipParts['session'];

/** What one process asks of a store: its questions, and their answers, stand still while it is stopped. */
export class GatedSession implements Session {
  isStopped = false;
  private readonly store: Session;
  private readonly delay: (() => Promise<void>) | undefined;
  private waiting: (() => void)[] = [];

  constructor(store: Session, delay?: () => Promise<void>) {
    this.store = store;
    this.delay = delay;
  }

  stop(): void {
    this.isStopped = true;
  }

  go(): void {
    this.isStopped = false;
    for (const goOn of this.waiting.splice(0)) goOn();
  }

  compareAndSet(...args: Parameters<Session['compareAndSet']>): ReturnType<Session['compareAndSet']> {
    return this.pass(() => this.store.compareAndSet(...args));
  }

  ask(...args: Parameters<Session['ask']>): ReturnType<Session['ask']> {
    return this.pass(() => this.store.ask(...args));
  }

  private async pass<T>(work: () => Promise<T>): Promise<T> {
    await this.gate();
    try {
      return await work();
    } finally {
      await this.gate();
    }
  }

  private async gate(): Promise<void> {
    await this.delay?.();
    while (this.isStopped) await new Promise<void>((resolve) => void this.waiting.push(resolve));
  }
}
