import { london, regions, smallEnvironment, tokyo, type WrongEnvironment } from './small-environment.ts';

/** Three zones, and types that both AWS regions have. */
const small = { ...smallEnvironment(), foundation: 'distributed', instanceTypes: { store: 'i4i.xlarge' } };
const HOST_ID = '675ed9f4-6564-4dbd-8ca8-43fddce952a1';
const express = { ...small, brokerKind: 'express' };

/** What MSK or ElastiCache would refuse. */
export const wrongEngines: readonly WrongEnvironment[] = [
  [
    'Express brokers without Kafka',
    { ...smallEnvironment(), brokerKind: 'express' },
    'brokerKind: got "express", must be absent with the embedded foundation; drop it, or set foundation to distributed',
  ],
  [
    'Express brokers in four zones',
    {
      ...express,
      regions: regions(tokyo(), london({ awsRegion: 'us-east-1', zoneIds: ['use1-az1', 'use1-az2', 'use1-az4', 'use1-az5'] })).regions,
    },
    'regions[1].zoneIds: got ["use1-az1","use1-az2","use1-az4","use1-az5"], must be 3 zones, with Express brokers; name three, or set brokerKind to standard',
  ],
  [
    'Express brokers of a family without them',
    { ...express, instanceTypes: { store: 'i4i.xlarge', bus: 'm5.large' } },
    'instanceTypes.bus: got "m5.large", must be of a family that express brokers come in, large or larger; use one of m7g',
  ],
  [
    'brokers that MSK does not have',
    { ...small, instanceTypes: { store: 'i4i.xlarge', bus: 'c7g.2xlarge' } },
    'instanceTypes.bus: got "c7g.2xlarge", must be of a family that standard brokers come in, large or larger; use one of m7g, m5',
  ],
  [
    'Valkey nodes that ElastiCache does not have',
    { ...small, instanceTypes: { store: 'i4i.xlarge', directory: 'r7g.medium' } },
    'instanceTypes.directory: got "r7g.medium", must be of a family that Valkey nodes come in, large or larger; use one of r7g, r6g, m7g',
  ],
  [
    'a media key that is private',
    { ...smallEnvironment(), media: { signingKey: '-----BEGIN PRIVATE KEY-----' } },
    'media.signingKey: got "-----BEGIN PRIVATE KEY-----", must be a public key in PEM, RSA of 2,048 bits or ECDSA P-256; PEM public key, RSA of 2,048 bits or ECDSA P-256; its private half signs the URLs under which clients read media (A16)',
  ],
  [
    'a replaced node of a store that is not there',
    regions(tokyo({ storeReplaced: { 0: [HOST_ID] } }), london()),
    `regions[0].storeReplaced: got {"0":["${HOST_ID}"]}, must be absent with the embedded foundation; drop it, or set foundation to distributed`,
  ],
  [
    'a replaced node that the store does not have',
    { ...small, regions: regions(tokyo({ storeNodes: 3, storeReplaced: { 3: [HOST_ID] } }), london()).regions },
    'regions[0].storeReplaced: got "3", must be the number of a node, 0 to 2; count the nodes from 0, as their host names do',
  ],
  [
    'a replaced node without a host id',
    { ...small, regions: regions(tokyo({ storeReplaced: { 1: ['node-1'] } }), london()).regions },
    'regions[0].storeReplaced.1[0]: got "node-1", must be a host id, as nodetool status shows it; docs/environment.md lists every field',
  ],
  [
    'more copies than nodes',
    { ...small, traffic: { replicas: 5 }, regions: regions(tokyo({ storeNodes: 3 }), london()).regions },
    'regions[0].storeNodes: got 3, must be at least 5, a node for each copy; state more nodes, or lower traffic.replicas',
  ],
  [
    'store nodes that do not spread over the zones',
    { ...small, regions: regions(tokyo({ storeNodes: 4 }), london()).regions },
    'regions[0].storeNodes: got 4, must be a multiple of the 3 zones; raise it to 6',
  ],
  [
    'a region’s brokers that MSK does not have',
    { ...small, regions: regions(tokyo({ instanceTypes: { bus: 'c7g.large' } }), london()).regions },
    'regions[0].instanceTypes.bus: got "c7g.large", must be of a family that standard brokers come in, large or larger; use one of m7g, m5',
  ],
  [
    'a region’s Valkey nodes that ElastiCache does not have',
    { ...small, regions: regions(tokyo({ instanceTypes: { directory: 'c7g.large' } }), london()).regions },
    'regions[0].instanceTypes.directory: got "c7g.large", must be of a family that Valkey nodes come in, large or larger; use one of r7g, r6g, m7g',
  ],
  [
    'a store image that is none',
    { ...small, regions: regions(tokyo({ storeAmiId: 'scylla-2026.1' }), london()).regions },
    'regions[0].storeAmiId: got "scylla-2026.1", must be an image id such as ami-0123456789abcdef0; Machine image of the ScyllaDB nodes, for the architecture of their type. Default: what the SSM parameter /iris/<name>/store-image says',
  ],
  [
    'brokers beyond one cluster',
    { ...small, regions: regions(tokyo({ brokers: 63 }), london()).regions },
    'regions[0].brokers: got 63, must be 60 at most, of one MSK cluster; take larger brokers, or split the region',
  ],
];
