import type { Construct } from 'constructs';
import { MediaStore } from '../../constructs/aws/media-store.ts';
import { mediaParameters, publish } from './region-parameters.ts';
import { IrisStack, type RegionStackProps, regionStack } from './region-stack.ts';

/** Media and archive of one region; protected, and its buckets are kept. */
export class MediaStack extends IrisStack {
  constructor(scope: Construct, props: RegionStackProps, signingKey: string) {
    super(scope, regionStack(props, 'media', 'media and archive', true));
    const { plan, region } = props;
    const store = new MediaStore(this, 'Media', { name: region.names.prefix, signingKey });
    const names = mediaParameters(plan.environment, region.code);
    publish(this, names.bucket, store.media.bucketName);
    publish(this, names.archive, store.archive.bucketName);
    publish(this, names.host, store.domainName);
    publish(this, names.signingKey, store.signingKeyId);
  }
}
