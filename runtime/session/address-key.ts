/** The part of `address:port` that stands for one customer of a network: an IPv4 address, or the first 64 bits of an IPv6 address. */
export function addressKey(remoteAddress: string): string {
  const address = remoteAddress.slice(0, remoteAddress.lastIndexOf(':')).replace(/^\[|\]$/g, '');
  if (address.includes('.')) return address.slice(address.lastIndexOf(':') + 1);
  if (!address.includes(':')) return address;
  const [front = '', back] = address.split('::');
  const groups = front === '' ? [] : front.split(':');
  const missing = back === undefined ? 0 : 8 - groups.length - (back === '' ? 0 : back.split(':').length);
  const all = [...groups, ...Array.from({ length: missing }, () => '0'), ...(back ? back.split(':') : [])];
  return `${all.slice(0, 4).join(':')}::/64`;
}
