export interface PanelMetric {
  readonly namespace: string;
  readonly name: string;
  readonly dimensions: Readonly<Record<string, string>>;
  readonly statistic: string;
  /** What the line is called. */
  readonly label: string;
}

/** One graph. */
export interface DashboardPanel {
  readonly title: string;
  /** At most 500. */
  readonly metrics: readonly PanelMetric[];
  /** Where an alarm begins. @default - no line */
  readonly threshold?: number;
}

export interface DashboardBodyOptions {
  readonly awsRegion: string;
  readonly heading: string;
  readonly panels: readonly DashboardPanel[];
  readonly alarmArns: readonly string[];
}

/** Of 24 columns: three graphs in a row. */
const COLUMNS = 3;
const WIDTH = 8;
const HEIGHT = 6;
const HEADING_HEIGHT = 2;
const ALARMS_HEIGHT = 4;

/** CloudWatch’s dashboard JSON. */
export function dashboardBody({ awsRegion, heading, panels, alarmArns }: DashboardBodyOptions): string {
  const top = HEADING_HEIGHT + ALARMS_HEIGHT;
  const widgets = [
    { type: 'text', x: 0, y: 0, width: 24, height: HEADING_HEIGHT, properties: { markdown: heading } },
    { type: 'alarm', x: 0, y: HEADING_HEIGHT, width: 24, height: ALARMS_HEIGHT, properties: { title: 'Alarms', alarms: alarmArns } },
    ...panels.map((panel, index) => ({
      type: 'metric',
      x: (index % COLUMNS) * WIDTH,
      y: top + Math.floor(index / COLUMNS) * HEIGHT,
      width: WIDTH,
      height: HEIGHT,
      properties: {
        title: panel.title,
        region: awsRegion,
        period: 60,
        metrics: panel.metrics.map(line),
        ...(panel.threshold === undefined ? {} : { annotations: { horizontal: [{ value: panel.threshold, label: 'alarm' }] } }),
      },
    })),
  ];
  return JSON.stringify({ widgets });
}

function line({ namespace, name, dimensions, statistic, label }: PanelMetric): unknown[] {
  return [namespace, name, ...Object.entries(dimensions).flat(), { stat: statistic, label }];
}
