// The page a case's process opens: it is asked from outside, over DevTools.
import { findAdapters } from './adapters.ts';
import { askWorker } from './ask-worker.ts';

Object.assign(globalThis, { tare: { findAdapters, askWorker } });
