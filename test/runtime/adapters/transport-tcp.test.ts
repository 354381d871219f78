import { createTcpTransport } from '../../../runtime/adapters/transport-tcp.ts';
import { describeTransportContract } from '../../contract/transport-contract.ts';

const tcp = createTcpTransport();
describeTransportContract('the TCP transport', { server: tcp, client: tcp });
