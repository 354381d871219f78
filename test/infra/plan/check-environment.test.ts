import type { Environment } from '../../../environments/environment.ts';
import { presets } from '../../../environments/presets.ts';
import { environmentFields } from '../../../environments/schema-fields.ts';
import { checkEnvironment, resolveEnvironment } from '../../../infra/plan/check-environment.ts';
import { problemLine } from '../../../infra/plan/environment-problem.ts';
import { IrisError } from '../../../runtime/contract/errors.ts';
import { counted, london, regions, smallEnvironment, tokyo } from './small-environment.ts';
import { wrongEngines } from './wrong-engines.ts';
import { wrongExtremes } from './wrong-extremes.ts';
import { wrongFigures } from './wrong-figures.ts';
import { wrongPlaces } from './wrong-places.ts';
import { wrongSettings } from './wrong-settings.ts';

const wrongEnvironments = [...wrongPlaces, ...wrongFigures, ...wrongSettings, ...wrongEngines, ...wrongExtremes];
const linesOf = (document: unknown) => checkEnvironment(document).map(problemLine);

describe(`${wrongEnvironments.length} wrong environments`, () => {
  it('are 40 at least, no two of one title, and every field of the schema is wrong in one', () => {
    expect(wrongEnvironments.length).toBeGreaterThanOrEqual(40);
    expect(new Set(wrongEnvironments.map(([title]) => title)).size).toBe(wrongEnvironments.length);
    const refused = wrongEnvironments.map(([, , line]) => line.slice(0, line.indexOf(':')).replace(/\[\d+\]/g, '[]'));
    const isRefused = (path: string) =>
      refused.some((field) => field === path || field.startsWith(`${path}.`) || field.startsWith(`${path}[`));
    const untried = environmentFields().filter(({ path }) => !isRefused(path));
    expect(untried.map(({ path }) => path)).toEqual([]);
  });
});

describe('a wrong environment', () => {
  it.each(wrongEnvironments)('is refused for %s, in one line with field, value, limit and remedy', (_, document, line) => {
    expect(linesOf(document)).toEqual([line]);
  });

  it('is refused with every problem at once, the ones in broken fields included', () => {
    const document = {
      ...regions(tokyo({ awsRegion: 'ap-northest-1', cidr: '10.0.0.0/8' }), { ...london({ account: '1', edges: -1 }), colour: 'red' }),
      domain: 'nowhere',
      peakConcurrentShare: -1,
    };
    const fields = checkEnvironment(document).map(({ field }) => field);
    for (const field of [
      'regions[0].awsRegion',
      'regions[0].cidr',
      'regions[1].account',
      'regions[1].edges',
      'regions[1].colour',
      'regions[1].cidr',
      'domain',
      'peakConcurrentShare',
    ]) {
      expect(fields).toContain(field);
    }
  });

  it('fails with ENVIRONMENT_INVALID and one numbered line per problem', () => {
    const environment = smallEnvironment({ dailyActiveUsers: 0, domain: 'nowhere' });
    const refusal = catchError(() => resolveEnvironment(environment));
    expect(refusal).toBeInstanceOf(IrisError);
    expect(refusal).toMatchObject({ code: 'ENVIRONMENT_INVALID' });
    expect((refusal as IrisError).message.split('\n').map((line) => line.slice(0, 20))).toEqual([
      'environment small ha',
      '  1. dailyActiveUser',
      '  2. domain: got "no',
    ]);
  });

  it('is told of the first hundred problems of a file that is wrong throughout, and of how many more there are', () => {
    const list = Array.from({ length: 12_000 }, (_, index) => counted({ code: `region-${index}`, colour: 'red' } as object));
    const lines = (catchError(() => resolveEnvironment(regions(...list) as Environment)) as IrisError).message.split('\n');
    expect(lines).toHaveLength(102);
    expect(lines[1]).toMatch(/^ {2}1\. regions: got .*, must be a list of 1000 at most; take some out$/);
    expect(lines[101]).toMatch(/^ {2}and \d+ more$/);
  });

  it.each([null, 5, 'planet', [], {}, { regions: 5 }, { regions: [5, null] }])(
    'is refused, without a crash, when the document is %j',
    (document) => {
      expect(checkEnvironment(document).length).toBeGreaterThan(0);
    },
  );
});

describe('a good environment', () => {
  it.each([...presets.values()].map((preset) => [preset.name, preset] as const))('has no problem: %s', (_, preset) => {
    expect(linesOf(preset)).toEqual([]);
  });

  it('may state sizes in some regions and shares in the others', () => {
    const mixed = regions(tokyo(), london(), counted({ code: 'sydney', awsRegion: 'ap-southeast-2', cidr: '10.2.0.0/16' }));
    expect(linesOf(mixed)).toEqual([]);
  });

  it('needs neither AWS region nor geography on this machine', () => {
    const local = {
      name: 'desk',
      domain: 'desk.test',
      runsIn: 'local',
      dailyActiveUsers: 100,
      regions: [{ code: 'here', cidr: '10.0.0.0/16', edges: 1, shards: 1 }],
    };
    expect(linesOf(local)).toEqual([]);
  });
});

function catchError(act: () => unknown): unknown {
  try {
    act();
  } catch (error) {
    return error;
  }
  return undefined;
}
