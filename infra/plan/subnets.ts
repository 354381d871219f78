import { SUBNET_ADDRESSES_RESERVED } from '../facts/aws-limits.ts';
import { addressesIn, blockOf, type Cidr, formatCidr } from './cidr.ts';
import type { ZoneSubnets } from './plan.ts';

/**
 * A network is always cut into eight blocks, four public and four private, whatever the count of zones: a zone can be added without
 * moving the others.
 */
const NETWORK_BITS = 3;
const FIRST_PRIVATE_BLOCK = 4;

export function subnetsOf(network: Cidr, zoneIds: readonly string[]): ZoneSubnets[] {
  return zoneIds.map((zoneId, index) => ({
    zoneId,
    publicCidr: formatCidr(blockOf(network, NETWORK_BITS, index)),
    privateCidr: formatCidr(blockOf(network, NETWORK_BITS, FIRST_PRIVATE_BLOCK + index)),
  }));
}

/** Nodes that fit into the private blocks of a network over so many zones. */
export function nodesThatFit(network: Cidr, zones: number): number {
  return zones * (addressesIn(network.prefix + NETWORK_BITS) - SUBNET_ADDRESSES_RESERVED);
}
