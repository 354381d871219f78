import { BlockList, isIPv6 } from 'node:net';
import { addressKey } from '../session/address-key.ts';

/** What stands for an address in the rate limits; undefined for one of the networks. */
export function limitedAddresses(unlimitedNetworks: readonly string[]): (remoteAddress: string) => string | undefined {
  if (unlimitedNetworks.length === 0) return addressKey;
  const networks = new BlockList();
  for (const network of unlimitedNetworks) {
    const [address, bits] = network.split('/') as [string, string];
    networks.addSubnet(address, Number(bits), isIPv6(address) ? 'ipv6' : 'ipv4');
  }
  return (remoteAddress) => {
    const address = remoteAddress.slice(0, remoteAddress.lastIndexOf(':')).replace(/^\[|\]$/g, '');
    return networks.check(address, isIPv6(address) ? 'ipv6' : 'ipv4') ? undefined : addressKey(remoteAddress);
  };
}
