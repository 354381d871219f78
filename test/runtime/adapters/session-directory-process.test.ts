import { createProcessSessionDirectory } from '../../../runtime/adapters/session-directory-process.ts';
import { describeSessionDirectoryContract } from '../../contract/session-directory-contract.ts';

describeSessionDirectoryContract('the directory of one edge', async () => ({
  edges: [createProcessSessionDirectory({ node: 'tokyo-edge-0', region: 'tokyo' })],
  dispose: async () => undefined,
}));
