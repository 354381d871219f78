/** Percent of what a cache was asked for since the last reading that it had; NaN where it was not asked. For a gauge. */
export function hitPercent(use: () => { readonly asked: number; readonly hits: number }): () => number {
  let before = { asked: 0, hits: 0 };
  return () => {
    const now = use();
    const percent = (100 * (now.hits - before.hits)) / (now.asked - before.asked);
    before = { asked: now.asked, hits: now.hits };
    return percent;
  };
}
