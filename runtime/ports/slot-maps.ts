import type { SlotRouter } from '../contract/slot-map.ts';
import type { SlotMap } from '../contract/slot-map-schema.ts';

/** The slot map in force at this node. Whoever routes asks for `current` each time: a newer one may be published at any moment (F17). */
export interface SlotMaps {
  readonly current: SlotRouter;
  /** Hears each newer map, once `current` is it. */
  onChange(listener: (now: SlotRouter, before: SlotRouter) => void): void;
}

/** What a node looks at for newer slot maps. */
export interface SlotMapSource {
  /**
   * The published document when it may be another than at the last call, and at the first call; undefined when it is not.
   * Rejects with FILE_UNREADABLE, or as a register does.
   */
  poll(): Promise<unknown>;
  /** Ends what it does between two calls. */
  close?(): void;
}

/** A slot map as it was published. Nothing has checked it. */
export interface PublishedSlotMap {
  readonly document: unknown;
  /** Names this publication: another one has another revision. */
  readonly revision: string;
}

/**
 * Where an environment’s slot map is published: a file, a key of etcd or Consul, a pointer in SSM. Rejects with FILE_UNREADABLE for a
 * document that is no JSON, ENGINE_UNAVAILABLE or AWS_REFUSED while it cannot be asked, ENGINE_INVALID when it takes other credentials.
 */
export interface SlotMapRegister {
  /** Where it is, for messages. */
  readonly name: string;
  /** Undefined where none was published yet. */
  read(): Promise<PublishedSlotMap | undefined>;
  /** Resolves once there is another publication than `known`, and in any case after some time: then with what there is. */
  next(known: string | undefined, signal: AbortSignal): Promise<PublishedSlotMap | undefined>;
  /**
   * Replaces publication `from`, or creates the first one. False where another was published meanwhile: of two that start from the same
   * one, one is refused. When it rejects, the map may have been published.
   */
  publish(map: SlotMap, from: string | undefined): Promise<boolean>;
}
