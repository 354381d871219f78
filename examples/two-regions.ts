import { defineEnvironment } from '../environments/environment.ts';

/** An environment of one's own: `iris plan examples/two-regions.ts`. In a project of yours, import from `iris/environments`. */
export default defineEnvironment({
  name: 'chat',
  domain: 'chat.example.com',
  dailyActiveUsers: 2_000_000,
  regions: [
    { code: 'paris', awsRegion: 'eu-west-3', cidr: '10.0.0.0/16', userShare: 0.7, serves: { default: true } },
    { code: 'montreal', awsRegion: 'ca-central-1', cidr: '10.1.0.0/16', userShare: 0.3, serves: { continents: ['NA', 'SA'] } },
  ],
});
