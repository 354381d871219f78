import { z } from 'zod';
import { IrisError } from './errors.ts';

/** As many as tell where any cluster is. */
const HOSTS = 64;

/** Addresses of an engine, or the name of the environment variable that holds them, separated by commas: some are known only when it is deployed. */
export function hostList(address: z.ZodType<string, string>) {
  return z.union([z.array(address).min(1).max(HOSTS), z.strictObject({ env: z.string().regex(/^[A-Z][A-Z0-9_]{0,63}$/) })]);
}

export type HostList = readonly string[] | { readonly env: string };

/** @throws IrisError CONFIG_INVALID with the field, the variable and what it holds */
export function resolveHosts(field: string, hosts: HostList, env: Readonly<Record<string, string | undefined>>): string[] {
  if (!('env' in hosts)) return [...hosts];
  const value = env[hosts.env];
  const found = (value ?? '').split(',').map((host) => host.trim());
  if (found.length <= HOSTS && found.every((host) => /^[A-Za-z0-9.-]{1,253}(:\d{1,5})?$/.test(host))) return found;
  const holds = value === undefined ? 'unset' : `'${value.slice(0, 200)}'`;
  throw new IrisError(
    'CONFIG_INVALID',
    `node config: ${field} comes from the variable ${hosts.env}, which is ${holds}; it must be host or host:port, several separated by commas`,
  );
}
