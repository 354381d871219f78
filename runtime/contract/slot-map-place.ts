import { IrisError } from './errors.ts';

/** A key-value store behind one or more addresses. */
interface KeyValuePlace {
  /** `http://host:port` or `https://host:port`; tried in turn. */
  readonly endpoints: readonly string[];
  readonly key: string;
  /** File with `{"username", "password"}`; for Consul the password is an ACL token. */
  readonly credentialsPath?: string;
}

/** Where an environment’s slot map is published. */
export type SlotMapPlace =
  | { readonly kind: 'file'; readonly path: string }
  | ({ readonly kind: 'etcd' } & KeyValuePlace)
  | ({ readonly kind: 'consul' } & KeyValuePlace)
  | {
      readonly kind: 'ssm';
      readonly awsRegion: string;
      /** The parameter by which a deployment points to its document in S3; what is published since has its own beside it. */
      readonly parameter: string;
      /** ARN of the role with which it is read, where another account has it. */
      readonly roleArn?: string;
      /** Seconds between two looks; left out: SSM_LOOK_MS. */
      readonly everySeconds?: number;
    };

/** What the pointer to the slot map in force is called, after the deployment’s: a deployment never overwrites what operators have published. */
export const PUBLISHED_ENDING = '/published';

const FORMS = 'a path, etcd://host:port,…/key, consul://host:port/key or ssm://<aws region>/<parameter>';
const SCHEME = /^([a-z]+):\/\/(.*)$/;
const ROLE_ARN = /^arn:aws[a-z-]*:iam::\d{12}:role\/[\w+=,.@/-]+$/;
const ADDRESS = /^(\[[0-9a-f:]+\]|[A-Za-z0-9.-]+):\d{1,5}$/;

/**
 * `etcd://a:2379,b:2379/iris/proof/slot-map?credentials=/etc/iris/etcd.json`, `etcds://…` with TLS, `consul://…` and `consuls://…` alike,
 * `ssm://us-east-1/iris/proof/slot-map?every=30&role=arn:aws:iam::111111111111:role/reader`, or the path of a file. One notation for node configs and commands.
 * @throws IrisError CONFIG_INVALID
 */
export function readSlotMapPlace(text: string): SlotMapPlace {
  const [, scheme, rest = ''] = SCHEME.exec(text) ?? [];
  switch (scheme) {
    case undefined:
      return { kind: 'file', path: text };
    case 'file':
      return { kind: 'file', path: rest };
    case 'etcd':
    case 'etcds':
      return { kind: 'etcd', ...keyValuePlace(text, rest, scheme === 'etcds') };
    case 'consul':
    case 'consuls':
      return { kind: 'consul', ...keyValuePlace(text, rest, scheme === 'consuls') };
    case 'ssm':
      return ssmPlace(text, rest);
    default:
      throw wrong(text, `no place is called ${scheme}`);
  }
}

function keyValuePlace(text: string, rest: string, isSecure: boolean): KeyValuePlace {
  const { host, path, options } = partsOf(text, rest, ['credentials']);
  const addresses = host.split(',');
  const bad = addresses.find((address) => !ADDRESS.test(address));
  if (bad !== undefined) throw wrong(text, `'${bad}' is not host:port`);
  const credentialsPath = options.get('credentials');
  return {
    endpoints: addresses.map((address) => `${isSecure ? 'https' : 'http'}://${address}`),
    key: path,
    ...(credentialsPath === undefined ? {} : { credentialsPath }),
  };
}

function ssmPlace(text: string, rest: string): SlotMapPlace {
  const { host, path, options } = partsOf(text, rest, ['every', 'role']);
  if (!/^[a-z]{2}(-[a-z]+)+-\d$/.test(host)) throw wrong(text, `'${host}' is no AWS region`);
  const every = options.get('every');
  if (every !== undefined && !/^[1-9]\d{0,3}$/.test(every)) throw wrong(text, `every is '${every}', it must be 1 to 9,999 seconds`);
  const role = options.get('role');
  if (role !== undefined && !ROLE_ARN.test(role)) throw wrong(text, `role is '${role}', it must be the ARN of a role`);
  return {
    kind: 'ssm',
    awsRegion: host,
    parameter: `/${path}`,
    ...(role === undefined ? {} : { roleArn: role }),
    ...(every === undefined ? {} : { everySeconds: Number(every) }),
  };
}

function partsOf(text: string, rest: string, known: readonly string[]) {
  const [place, query] = rest.split('?', 2) as [string, string?];
  const slash = place.indexOf('/');
  const path = slash < 0 ? '' : place.slice(slash + 1);
  if (path === '') throw wrong(text, 'the key is missing');
  const options = new Map(new URLSearchParams(query ?? ''));
  const unknown = [...options.keys()].find((name) => !known.includes(name));
  if (unknown !== undefined) throw wrong(text, `'${unknown}' is unknown here, there is ${known.join(', ')}`);
  return { host: place.slice(0, slash), path, options };
}

function wrong(text: string, reason: string): IrisError {
  return new IrisError('CONFIG_INVALID', `'${shown(text)}' says no place of a slot map: ${shown(reason)}; it must be ${FORMS}`);
}

/** Without what may be a password that does not belong there. */
function shown(text: string): string {
  return text
    .replace(/(?<=\/\/|')[^/'@]*@/, '…@')
    .replace(/(?<=[?&]\w+=)[^&' ]+/g, (value) => (/^[\w./-]{1,4}$/.test(value) ? value : '…'));
}
