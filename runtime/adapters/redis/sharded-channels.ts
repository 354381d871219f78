import type { Redis } from 'ioredis';
import { keySlot } from './key-slot.ts';

export interface ShardedChannelsParts {
  /** host:port of the node that has the slot; undefined while nobody is known to. */
  nodeOf(slot: number): string | undefined;
  /** A connection of its own, which does not come back by itself. */
  connect(address: string): Redis;
  heard(channel: string, message: Buffer): void;
  subscribed(channel: string): void;
  failed(error: unknown): void;
}

interface Place {
  readonly slot: number;
  /** Where it is subscribed, or is about to be. */
  node: string | undefined;
}

/** A cluster’s sharded channels: each is heard at the node that has its slot, so that a message costs one node and not all of them. */
export class ShardedChannels {
  private readonly parts: ShardedChannelsParts;
  /** By channel, one byte a character. */
  private readonly places = new Map<string, Place>();
  private readonly listeners = new Map<string, Redis>();

  constructor(parts: ShardedChannelsParts) {
    this.parts = parts;
  }

  add(channel: string): void {
    const place: Place = { slot: keySlot(Buffer.from(channel, 'latin1')), node: undefined };
    this.places.set(channel, place);
    this.settle(channel, place);
  }

  remove(channel: string): void {
    const place = this.places.get(channel);
    this.places.delete(channel);
    if (place !== undefined) this.leave(channel, place);
  }

  /** Now and then: follows slots that moved, subscribes again what was lost, and asks each node for a sign of life. */
  pulse(): void {
    const used = new Set<string>();
    for (const [channel, place] of this.places) {
      this.settle(channel, place);
      if (place.node !== undefined) used.add(place.node);
    }
    for (const [node, listener] of this.listeners) {
      if (!used.has(node)) this.drop(node, listener);
      else if (listener.status === 'ready') listener.ping().catch((error: unknown) => this.parts.failed(error));
    }
  }

  /** Ends all connections; the next `pulse` makes them anew. */
  disconnect(): void {
    for (const [node, listener] of this.listeners) this.drop(node, listener);
  }

  private settle(channel: string, place: Place): void {
    const node = this.parts.nodeOf(place.slot);
    if (node === place.node) return;
    this.leave(channel, place);
    place.node = node;
    if (node === undefined) return;
    const listener = this.listeners.get(node) ?? this.listen(node);
    if (listener.status === 'ready') this.hear(listener, channel, place);
  }

  private leave(channel: string, { node }: Place): void {
    const listener = node === undefined ? undefined : this.listeners.get(node);
    if (listener?.status === 'ready')
      listener.sunsubscribe(Buffer.from(channel, 'latin1')).catch((error: unknown) => this.parts.failed(error));
  }

  private listen(node: string): Redis {
    const listener = this.parts.connect(node);
    this.listeners.set(node, listener);
    listener.on('error', (error) => this.parts.failed(error));
    listener.on('smessageBuffer', (channel: Buffer, message: Buffer) => this.parts.heard(channel.toString('latin1'), message));
    listener.on('ready', () => {
      for (const [channel, place] of this.places) if (place.node === node) this.hear(listener, channel, place);
    });
    listener.on('end', () => this.drop(node, listener));
    return listener;
  }

  private hear(listener: Redis, channel: string, place: Place): void {
    listener.ssubscribe(Buffer.from(channel, 'latin1')).then(
      () => {
        if (this.places.get(channel) === place) this.parts.subscribed(channel);
      },
      (error: unknown) => {
        // The slot is elsewhere, or the connection gone: looked for again at the next pulse.
        place.node = undefined;
        this.parts.failed(error);
      },
    );
  }

  private drop(node: string, listener: Redis): void {
    if (this.listeners.get(node) !== listener) return;
    this.listeners.delete(node);
    for (const place of this.places.values()) if (place.node === node) place.node = undefined;
    listener.disconnect();
  }
}
