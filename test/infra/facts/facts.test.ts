import { AWS_REGIONS } from '../../../infra/facts/aws-regions.ts';
import { CLOUDFLARE_REGIONS, CONTINENTS, COUNTRIES } from '../../../infra/facts/geography.ts';
import { alternativesIn, findInstanceType, INSTANCE_FAMILIES, instanceTypeNames, isOffered } from '../../../infra/facts/instance-types.ts';

describe('the facts about AWS', () => {
  it('know the 35 commercial regions, each with two zones or more that name it', () => {
    expect(AWS_REGIONS.size).toBe(35);
    for (const { zoneIds } of AWS_REGIONS.values()) {
      expect(zoneIds.length).toBeGreaterThanOrEqual(2);
      expect(new Set(zoneIds.map((zone) => zone.split('-az')[0])).size).toBe(1);
    }
    expect(new Set([...AWS_REGIONS.values()].flatMap(({ zoneIds }) => zoneIds)).size).toBe(
      [...AWS_REGIONS.values()].reduce((sum, { zoneIds }) => sum + zoneIds.length, 0),
    );
  });

  it('offer c7g in 32 of them: not in Melbourne, not in Dubai, and nothing is known of Riyadh', () => {
    const without = [...AWS_REGIONS.keys()].filter((region) => !isOffered('c7g', region));
    expect(without).toEqual(['ap-southeast-4', 'me-central-1', 'me-west-1']);
  });

  it('offer c7gn in six regions only', () => {
    expect([...AWS_REGIONS.keys()].filter((region) => isOffered('c7gn', region))).toHaveLength(6);
  });

  it('name only known AWS regions where a family is missing', () => {
    for (const { missingIn } of Object.values(INSTANCE_FAMILIES)) {
      for (const region of missingIn) expect([...AWS_REGIONS.keys()]).toContain(region);
    }
  });

  it('find every type they name, and nothing else', () => {
    for (const name of instanceTypeNames()) expect(findInstanceType(name)?.name).toBe(name);
    expect(findInstanceType('c7g.16xlarge')).toMatchObject({ architecture: 'arm64', cpus: 64, memoryGibibytes: 128 });
    for (const name of ['c7g', 'c7g.9xlarge', 'toString.large', '', 'c7g.medium.x.'])
      expect(findInstanceType(name)?.name ?? '').not.toBe('c7g.9xlarge');
    expect(findInstanceType('toString.large')).toBeUndefined();
  });

  it('name alternatives that are offered and do the same work', () => {
    expect(alternativesIn('c7g', 'me-central-1')).toEqual(['c6g']);
    expect(alternativesIn('i8g', 'eu-west-3')).toEqual(['i4i', 'i7ie']);
  });
});

describe('the facts about geography', () => {
  it('know Route 53’s seven continents and the 249 countries of ISO 3166, each on one of them', () => {
    expect(Object.keys(CONTINENTS)).toHaveLength(7);
    expect(COUNTRIES.size).toBe(249);
    for (const [country, continent] of COUNTRIES) {
      expect(country).toMatch(/^[A-Z]{2}$/);
      expect(Object.keys(CONTINENTS)).toContain(continent);
    }
  });

  it('G2: know Cloudflare’s 13 regions, and none for the seeds’ mistake of serving Asia from North America', () => {
    expect(Object.keys(CLOUDFLARE_REGIONS)).toHaveLength(13);
    const asia = Object.entries(CLOUDFLARE_REGIONS).filter(([, { continent }]) => continent === 'AS');
    expect(asia.map(([code]) => code).toSorted()).toEqual(['ME', 'NEAS', 'SAS', 'SEAS']);
  });
});
