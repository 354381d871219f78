import type { Region } from './region.ts';

/** Where an AWS region lacks i8g; i4i is in all of them. */
const withI4i = { store: 'i4i.4xlarge' };
/** Where it lacks m7g as well. */
const withM5AndI4i = { bus: 'm5.2xlarge', store: 'i4i.4xlarge' };

/**
 * Fifty regions without their sizes, in the seeds’ order (R5): Tokyo first, then Singapore, Mumbai, Sydney, Frankfurt, London and
 * Amsterdam. Only 32 AWS regions offer c7g in November 2026, so several share one; a place whose own country has none is served from the
 * nearest. Places stay within Route 53’s 100 geolocation records of one name.
 */
export const fiftyPlaces: readonly Region[] = [
  { code: 'tokyo', awsRegion: 'ap-northeast-1', cidr: '10.0.0.0/16', serves: { countries: ['JP'] } },
  {
    code: 'singapore',
    awsRegion: 'ap-southeast-1',
    cidr: '10.1.0.0/16',
    serves: { default: true, continents: ['AS'], countries: ['SG', 'BN'] },
  },
  { code: 'mumbai', awsRegion: 'ap-south-1', cidr: '10.2.0.0/16', serves: { countries: ['IN'] } },
  { code: 'sydney', awsRegion: 'ap-southeast-2', cidr: '10.3.0.0/16', serves: { continents: ['OC'] } },
  { code: 'frankfurt', awsRegion: 'eu-central-1', cidr: '10.4.0.0/16', serves: { continents: ['EU'], countries: ['DE'] } },
  { code: 'london', awsRegion: 'eu-west-2', cidr: '10.5.0.0/16', serves: { countries: ['GB'] } },
  { code: 'amsterdam', awsRegion: 'eu-central-1', cidr: '10.6.0.0/16', serves: { countries: ['NL', 'BE', 'LU'] } },
  { code: 'bangalore', awsRegion: 'ap-south-1', cidr: '10.7.0.0/16', serves: { countries: ['LK', 'MV'] } },
  { code: 'sao-paulo', awsRegion: 'sa-east-1', cidr: '10.8.0.0/16', serves: { countries: ['BR'] } },
  { code: 'osaka', awsRegion: 'ap-northeast-3', cidr: '10.9.0.0/16', serves: { countries: ['MN'] } },
  { code: 'seoul', awsRegion: 'ap-northeast-2', cidr: '10.10.0.0/16', serves: { countries: ['KR'] } },
  { code: 'taipei', awsRegion: 'ap-east-2', cidr: '10.11.0.0/16', serves: { countries: ['TW'] }, instanceTypes: withI4i },
  { code: 'hong-kong', awsRegion: 'ap-east-1', cidr: '10.12.0.0/16', serves: { countries: ['HK', 'MO'] }, instanceTypes: withI4i },
  { code: 'manila', awsRegion: 'ap-east-1', cidr: '10.13.0.0/16', serves: { countries: ['PH'] }, instanceTypes: withI4i },
  { code: 'jakarta', awsRegion: 'ap-southeast-3', cidr: '10.14.0.0/16', serves: { countries: ['ID'] }, instanceTypes: withI4i },
  { code: 'kuala-lumpur', awsRegion: 'ap-southeast-5', cidr: '10.15.0.0/16', serves: { countries: ['MY'] }, instanceTypes: withI4i },
  { code: 'bangkok', awsRegion: 'ap-southeast-7', cidr: '10.16.0.0/16', serves: { countries: ['TH'] }, instanceTypes: withI4i },
  { code: 'hanoi', awsRegion: 'ap-southeast-7', cidr: '10.17.0.0/16', serves: { countries: ['VN', 'LA', 'KH'] }, instanceTypes: withI4i },
  { code: 'hyderabad', awsRegion: 'ap-south-2', cidr: '10.18.0.0/16', serves: { countries: ['NP', 'BT'] }, instanceTypes: withI4i },
  { code: 'dhaka', awsRegion: 'ap-south-2', cidr: '10.19.0.0/16', serves: { countries: ['BD', 'MM'] }, instanceTypes: withI4i },
  { code: 'karachi', awsRegion: 'me-south-1', cidr: '10.20.0.0/16', serves: { countries: ['PK', 'AF'] }, instanceTypes: withI4i },
  { code: 'auckland', awsRegion: 'ap-southeast-6', cidr: '10.21.0.0/16', serves: { countries: ['NZ'] }, instanceTypes: withI4i },
  { code: 'paris', awsRegion: 'eu-west-3', cidr: '10.22.0.0/16', serves: { countries: ['FR'] }, instanceTypes: withI4i },
  { code: 'dublin', awsRegion: 'eu-west-1', cidr: '10.23.0.0/16', serves: { countries: ['IE', 'IS'] } },
  { code: 'zurich', awsRegion: 'eu-central-2', cidr: '10.24.0.0/16', serves: { countries: ['CH', 'AT'] }, instanceTypes: withI4i },
  { code: 'milan', awsRegion: 'eu-south-1', cidr: '10.25.0.0/16', serves: { countries: ['IT', 'MT'] }, instanceTypes: withM5AndI4i },
  { code: 'athens', awsRegion: 'eu-south-1', cidr: '10.26.0.0/16', serves: { countries: ['GR', 'CY'] }, instanceTypes: withM5AndI4i },
  { code: 'madrid', awsRegion: 'eu-south-2', cidr: '10.27.0.0/16', serves: { countries: ['ES'] } },
  { code: 'lisbon', awsRegion: 'eu-south-2', cidr: '10.28.0.0/16', serves: { countries: ['PT'] } },
  { code: 'stockholm', awsRegion: 'eu-north-1', cidr: '10.29.0.0/16', serves: { countries: ['SE', 'NO', 'DK'] } },
  { code: 'helsinki', awsRegion: 'eu-north-1', cidr: '10.30.0.0/16', serves: { countries: ['FI', 'EE'] } },
  { code: 'warsaw', awsRegion: 'eu-central-1', cidr: '10.31.0.0/16', serves: { countries: ['PL', 'CZ'] } },
  { code: 'istanbul', awsRegion: 'eu-central-1', cidr: '10.32.0.0/16', serves: { countries: ['TR'] } },
  { code: 'tel-aviv', awsRegion: 'il-central-1', cidr: '10.33.0.0/16', serves: { countries: ['IL'] }, instanceTypes: withI4i },
  { code: 'manama', awsRegion: 'me-south-1', cidr: '10.34.0.0/16', serves: { countries: ['BH', 'QA', 'KW'] }, instanceTypes: withI4i },
  { code: 'dubai', awsRegion: 'me-south-1', cidr: '10.35.0.0/16', serves: { countries: ['AE', 'OM'] }, instanceTypes: withI4i },
  { code: 'riyadh', awsRegion: 'me-south-1', cidr: '10.36.0.0/16', serves: { countries: ['SA', 'JO'] }, instanceTypes: withI4i },
  { code: 'cairo', awsRegion: 'eu-south-1', cidr: '10.37.0.0/16', serves: { countries: ['EG', 'LY'] }, instanceTypes: withM5AndI4i },
  { code: 'lagos', awsRegion: 'eu-west-1', cidr: '10.38.0.0/16', serves: { countries: ['NG', 'GH'] } },
  { code: 'nairobi', awsRegion: 'af-south-1', cidr: '10.39.0.0/16', serves: { countries: ['KE', 'TZ', 'UG'] }, instanceTypes: withI4i },
  {
    code: 'cape-town',
    awsRegion: 'af-south-1',
    cidr: '10.40.0.0/16',
    serves: { continents: ['AF'], countries: ['ZA'] },
    instanceTypes: withI4i,
  },
  { code: 'virginia', awsRegion: 'us-east-1', cidr: '10.41.0.0/16', serves: { continents: ['NA'] } },
  { code: 'ohio', awsRegion: 'us-east-2', cidr: '10.42.0.0/16', serves: { countries: ['US'] } },
  { code: 'oregon', awsRegion: 'us-west-2', cidr: '10.43.0.0/16', serves: { countries: ['GU'] } },
  { code: 'montreal', awsRegion: 'ca-central-1', cidr: '10.44.0.0/16', serves: { countries: ['CA'] } },
  { code: 'calgary', awsRegion: 'ca-west-1', cidr: '10.45.0.0/16', serves: { countries: ['GL'] }, instanceTypes: withM5AndI4i },
  { code: 'queretaro', awsRegion: 'mx-central-1', cidr: '10.46.0.0/16', serves: { countries: ['MX'] }, instanceTypes: withI4i },
  { code: 'miami', awsRegion: 'us-east-1', cidr: '10.47.0.0/16', serves: { countries: ['CU', 'DO', 'JM'] } },
  { code: 'bogota', awsRegion: 'us-east-1', cidr: '10.48.0.0/16', serves: { countries: ['CO', 'VE', 'EC'] } },
  { code: 'santiago', awsRegion: 'sa-east-1', cidr: '10.49.0.0/16', serves: { continents: ['SA'], countries: ['CL', 'PE'] } },
];
