import { registerHooks } from 'node:module';

/**
 * Loaded ahead of a product (`node --import`), makes it one of another version of the protocol: the constant has the value
 * of `SGRID_TEST_PROTOCOL_VERSION`, and all else is as it is.
 */
registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context);
    if (!url.endsWith('/common/protocol/version.ts')) return loaded;
    const source = String(loaded.source);
    const changed = source.replace(
      /PROTOCOL_VERSION = \d+;/,
      `PROTOCOL_VERSION = ${process.env.SGRID_TEST_PROTOCOL_VERSION};`,
    );
    if (changed === source) throw new Error(`no PROTOCOL_VERSION in ${url}`);
    return { ...loaded, source: changed };
  },
});
