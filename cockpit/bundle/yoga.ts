import { loadYoga } from 'yoga-layout/load';

/**
 * Stands for the package `yoga-layout` in the bundle. Its WebAssembly is in its source as base64, which it decodes itself where
 * there is no `fetch`; Node.js's loads undici for that, 25 ms of a start. It asks at the moment of the call.
 */
function loadWithoutFetch(): ReturnType<typeof loadYoga> {
  const { fetch } = globalThis;
  Reflect.deleteProperty(globalThis, 'fetch');
  try {
    return loadYoga();
  } finally {
    globalThis.fetch = fetch;
  }
}

export default await loadWithoutFetch();
