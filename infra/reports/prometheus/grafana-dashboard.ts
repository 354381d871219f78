import type { AlarmFigure } from '../../plan/alarm-plan.ts';
import { type PanelPlan, panelsOf } from '../../plan/panels.ts';
import type { Plan, RegionPlan } from '../../plan/plan.ts';
import { queryOf } from './queries.ts';

const COLUMNS = 3;
const WIDTH = 8;
const HEIGHT = 8;
/** Grafana’s format that this is written in; newer ones read it. */
const SCHEMA_VERSION = 39;
/** The one that its reader chooses. */
const DATASOURCE = { type: 'prometheus', uid: '$datasource' } as const;

/** The dashboard of an environment for Grafana on Prometheus (O2): the same graphs as in CloudWatch, of one region at a time. */
export function grafanaDashboard(plan: Plan): object {
  const [first] = plan.regions as readonly [RegionPlan];
  const panels = panelsOf(first).flatMap((panel) => {
    const lines = panel.lines.flatMap(({ label, figure }) => (figure.from === 'nodes' ? [{ label, figure }] : []));
    return lines.length === 0 ? [] : [{ panel, lines }];
  });
  return {
    uid: `iris-${plan.environment}`,
    title: `Iris ${plan.environment}`,
    schemaVersion: SCHEMA_VERSION,
    refresh: '30s',
    time: { from: 'now-3h', to: 'now' },
    templating: {
      list: [
        { name: 'datasource', type: 'datasource', query: 'prometheus' },
        {
          name: 'region',
          type: 'query',
          datasource: DATASOURCE,
          query: 'label_values(iris_load_level, region)',
          refresh: 2,
        },
      ],
    },
    panels: panels.map(({ panel, lines }, index) => panelOf(panel, lines, index)),
  };
}

type Line = { readonly label: string; readonly figure: Extract<AlarmFigure, { from: 'nodes' }> };

function panelOf({ title, threshold }: PanelPlan, lines: readonly Line[], index: number): object {
  const steps = [{ color: 'green', value: null }, ...(threshold === undefined ? [] : [{ color: 'red', value: threshold }])];
  return {
    id: index + 1,
    type: 'timeseries',
    title,
    datasource: DATASOURCE,
    gridPos: { x: (index % COLUMNS) * WIDTH, y: Math.floor(index / COLUMNS) * HEIGHT, w: WIDTH, h: HEIGHT },
    fieldConfig: { defaults: { thresholds: { mode: 'absolute', steps } }, overrides: [] },
    targets: lines.map(({ label, figure }, line) => ({
      refId: String.fromCharCode('A'.charCodeAt(0) + line),
      legendFormat: label,
      expr: queryOf(figure, { region: '=~"$region"', periodSeconds: 60 }),
    })),
  };
}
