export { type BalancedRegion, GeoBalancer, type GeoBalancerProps } from './geo-balancer.ts';
export { steeringRegionsOf } from './steering-regions.ts';
