import { LinkServer, type LinkServerParts } from '../link/link-server.ts';
import type { Connection } from '../ports/transport.ts';

/** The nodes that are linked to a core. */
export class LinksIn {
  private readonly links = new Map<Connection, LinkServer>();

  accept(parts: Omit<LinkServerParts, 'closed'>, connection: Connection): LinkServer {
    const link = new LinkServer({ ...parts, closed: () => this.links.delete(connection) }, connection);
    this.links.set(connection, link);
    return link;
  }

  get size(): number {
    return this.links.size;
  }

  /** Nodes of a release that reads no buckets. */
  get withoutBuckets(): string[] {
    return [...this.links.values()].flatMap(({ peerWithoutBuckets }) => peerWithoutBuckets ?? []);
  }

  /** Ends all of them after what is queued. */
  end(): void {
    for (const connection of this.links.keys()) connection.end();
  }
}
