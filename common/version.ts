import manifest from '../package.json' with { type: 'json' };

/** The product's version, out of package.json: read by Node when run from source, put in by the bundler at build time. */
export const PRODUCT_VERSION: string = manifest.version;
