import type { Environment } from '../../../environments/environment.ts';
import { proof } from '../../../environments/proof.ts';

/** The account of the emulated AWS, and one beside it. */
export const GLOBAL_ACCOUNT = '123456789012';
export const OTHER_ACCOUNT = '222222222222';

/** Proof with Tokyo in the account of the global stacks and the other two regions in one of their own. */
export const twoAccounts: Environment = {
  ...proof,
  name: 'two',
  globalAccount: GLOBAL_ACCOUNT,
  accounts: { [OTHER_ACCOUNT]: { domain: 'two.proof.iris.io', hostedZoneId: 'Z0123456789TWO' } },
  regions: proof.regions.map((region) => (region.code === 'tokyo' ? region : { ...region, account: OTHER_ACCOUNT })),
};
