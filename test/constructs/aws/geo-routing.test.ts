import assert from 'node:assert/strict';
import { Template } from 'aws-cdk-lib/assertions';
import { App, Stack } from 'aws-cdk-lib/core';
import { GeoRouting, type RoutedRegion } from '../../../constructs/aws/geo-routing.ts';

const tokyo: RoutedRegion = { code: 'tokyo', edgeHost: 'edge-tokyo.example.com', continents: ['AS'], countries: [], isDefault: true };
const sydney: RoutedRegion = {
  code: 'sydney',
  edgeHost: 'edge-sydney.example.com',
  continents: ['OC'],
  countries: ['AU', 'NZ'],
  isDefault: false,
};

function route(regions: readonly RoutedRegion[]): Template {
  const stack = new Stack(new App(), 'test');
  new GeoRouting(stack, 'Routing', { hostedZoneId: 'Z1', host: 'edge.example.com', regions });
  return Template.fromStack(stack);
}

describe('geo-routing', () => {
  it('sends countries, continents and everyone else to aliases that evaluate their target’s health (G1)', () => {
    const template = route([tokyo, sydney]);
    template.resourceCountIs('AWS::Route53::RecordSet', 5);
    template.hasResourceProperties('AWS::Route53::RecordSet', {
      Name: 'edge.example.com',
      SetIdentifier: 'country-AU',
      GeoLocation: { CountryCode: 'AU' },
      AliasTarget: { DNSName: 'edge-sydney.example.com', HostedZoneId: 'Z1', EvaluateTargetHealth: true },
    });
    template.hasResourceProperties('AWS::Route53::RecordSet', { SetIdentifier: 'continent-AS', GeoLocation: { ContinentCode: 'AS' } });
    template.hasResourceProperties('AWS::Route53::RecordSet', { SetIdentifier: 'default', GeoLocation: { CountryCode: '*' } });
  });

  it('aliases the load balancer of a region whose own name is in another zone', () => {
    const template = route([tokyo, { ...sydney, balancer: { dnsName: 'net.example.aws', canonicalZoneId: 'ZELB' } }]);
    template.hasResourceProperties('AWS::Route53::RecordSet', {
      Name: 'edge.example.com',
      SetIdentifier: 'continent-OC',
      AliasTarget: { DNSName: 'net.example.aws', HostedZoneId: 'ZELB', EvaluateTargetHealth: true },
    });
  });

  it('fails without a default region', () => {
    assert.throws(() => route([sydney]), { code: 'SYNTH_FAILED', message: /edge.example.com has no default region/ });
  });

  it('fails when two regions claim one place, naming both', () => {
    assert.throws(() => route([tokyo, { ...sydney, continents: ['AS'] }]), {
      code: 'SYNTH_FAILED',
      message: /continent-AS is served by both tokyo and sydney; name one region, or give each a weight/,
    });
  });

  it('shares a place out by weight among several regions, each alias by health; one with weight 0 gets none (G1)', () => {
    const mumbai = { ...sydney, code: 'mumbai', edgeHost: 'edge-mumbai.example.com', countries: [], continents: ['AS'], weight: 100 };
    const template = route([{ ...tokyo, weight: 50 }, mumbai, { ...mumbai, code: 'seoul', edgeHost: 'edge-seoul.example.com', weight: 0 }]);
    template.hasResourceProperties('AWS::Route53::RecordSet', {
      Name: 'edge.example.com',
      SetIdentifier: 'continent-AS',
      AliasTarget: { DNSName: 'continent-as.edge.example.com', EvaluateTargetHealth: true },
    });
    const weighted = Object.values(
      template.findResources('AWS::Route53::RecordSet', { Properties: { Name: 'continent-as.edge.example.com' } }),
    );
    const shares = weighted.map(({ Properties }) => [
      Properties.SetIdentifier,
      Properties.Weight,
      Properties.AliasTarget.EvaluateTargetHealth,
    ]);
    assert.deepEqual(shares, [
      ['tokyo', 50, true],
      ['mumbai', 100, true],
      ['seoul', 0, true],
    ]);
    // What only one region serves needs no name of its own.
    template.hasResourceProperties('AWS::Route53::RecordSet', {
      SetIdentifier: 'default',
      AliasTarget: { DNSName: 'edge-tokyo.example.com' },
    });
  });

  it('fails above the records that Route 53 takes for one name', () => {
    const countries = Array.from({ length: 100 }, (_, index) => `C${index}`);
    assert.throws(() => route([{ ...tokyo, countries }]), { code: 'SYNTH_FAILED', message: /102 geolocation records, Route 53 takes 100/ });
  });
});
