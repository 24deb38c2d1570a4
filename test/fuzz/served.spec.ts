import { describeTargets } from './describe-targets.js';
import { journeysOf } from './served/journeys.targets.js';
import { ServedScene } from './served/served-scene.js';
import { servedTargets } from './served/served.targets.js';

/** The built product on both listeners, with a real provider, a real Redis and an API that says anything. */
describe('the whole product', () => {
  let scene: ServedScene;
  beforeAll(async () => {
    scene = await ServedScene.open();
  });
  afterAll(() => scene.close());

  describeTargets([...servedTargets(() => scene), journeysOf(() => scene)]);
});
