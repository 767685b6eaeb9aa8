// Not `Intl.Segmenter`, which the bundler would replace by what is defined here.
const { Segmenter } = Intl;

/**
 * Stands for `Intl.Segmenter` in the bundle: made when something is segmented for the first time, and not when a package is
 * loaded that may never need it. The first one of a process loads ICU's data, which takes 8 to 20 ms.
 */
export class LazySegmenter {
  readonly #options: ConstructorParameters<typeof Intl.Segmenter>;
  #made: Intl.Segmenter | undefined;

  constructor(...options: ConstructorParameters<typeof Intl.Segmenter>) {
    this.#options = options;
  }

  segment(text: string): Intl.Segments {
    this.#made ??= new Segmenter(...this.#options);
    return this.#made.segment(text);
  }
}
