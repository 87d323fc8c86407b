// Installs TensorFlow's native library into the cache folder, as `vidstyle setup training` does. Needs the build.
import { setupTraining } from '../build/src/setup/training.js';

const { notices } = await setupTraining({ onProgress: ({ step }) => console.log(`${step} …`) });
for (const notice of notices) console.log(notice);
