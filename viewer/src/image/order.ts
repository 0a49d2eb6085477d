/**
 * The order in which slices are fetched ahead: the one in view, then outward
 * to both sides, the reading direction first. At most `most` of them, so that
 * a stack larger than the cache does not throw out what is in view.
 */
export function outward(at: number, count: number, most: number): number[] {
  const out: number[] = []
  for (let d = 0; out.length < Math.min(count, most) && d < count; d++) {
    if (at + d < count) out.push(at + d)
    if (d > 0 && at - d >= 0 && out.length < most) out.push(at - d)
  }
  return out
}

/** How many slices of this size fit into `budget` bytes; at least 3. */
export function slicesThatFit(rows: number, columns: number, bytesPerPixel: number, budget: number): number {
  const one = Math.max(1, rows * columns * bytesPerPixel)
  return Math.max(3, Math.floor(budget / one))
}

/** The slice a stack opens at: the middle one of a volume, the first of few. */
export function opening(count: number): number {
  return count > 8 ? Math.floor((count - 1) / 2) : 0
}
