/** The best loss so far as a small line. */

/** SVG points of a falling line in a box; by powers of ten where the losses span more than a factor of fifty. */
export function sparkline(trace: readonly number[], width: number, height: number): string {
  const finite = trace.filter(Number.isFinite);
  if (finite.length < 2) return '';
  const least = Math.min(...finite);
  const most = Math.max(...finite);
  const logarithmic = least > 0 && most / least > 50;
  const scaled = finite.map((value) => (logarithmic ? Math.log10(value) : value));
  const [low, high] = [Math.min(...scaled), Math.max(...scaled)];
  return scaled
    .map((value, k) => {
      const x = (k / (scaled.length - 1)) * width;
      const y = high === low ? height / 2 : (1 - (value - low) / (high - low)) * height;
      return `${x.toFixed(1)},${y.toFixed(1)}`;
    })
    .join(' ');
}
