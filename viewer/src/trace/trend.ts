/** One minute's heart rate; zeros where there were no beats. */
export interface MinuteRate {
  mean: number
  low: number
  high: number
}

/** The picture of a heart-rate trend in a box: the mean as a line, low to high as a band, both SVG paths. */
export function trendPaths(minutes: readonly MinuteRate[], width: number, height: number): { line: string; band: string; top: number; bottom: number } {
  const known = minutes.filter((m) => m.mean > 0)
  const top = Math.max(100, ...known.map((m) => m.high || m.mean)) + 10
  const bottom = Math.max(0, Math.min(50, ...known.map((m) => m.low || m.mean)) - 10)
  const x = (i: number) => (((i + 0.5) / Math.max(1, minutes.length)) * width).toFixed(1)
  const y = (rate: number) => (height * (1 - (rate - bottom) / (top - bottom))).toFixed(1)
  let line = ''
  let pen = false
  let band = ''
  minutes.forEach((m, i) => {
    if (m.mean === 0) {
      pen = false
      return
    }
    line += `${pen ? 'L' : 'M'}${x(i)} ${y(m.mean)}`
    pen = true
    if (m.high > 0) band += `M${x(i)} ${y(m.low)}V${y(m.high)}`
  })
  return { line, band, top, bottom }
}

/** Clock time at `seconds` after a start ("2026-11-20T00:00:00Z") in Shanghai, "08:12:05"; without a start the time since it. */
export function clockAt(start: string | null | undefined, seconds: number): string {
  const whole = Math.round(seconds)
  if (!start) {
    const two = (n: number) => String(n).padStart(2, '0')
    return `${two(Math.floor(whole / 3600))}:${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)}`
  }
  return new Date(Date.parse(start) + whole * 1000 + 8 * 3_600_000).toISOString().slice(11, 19)
}

/** The event before or after a moment, in seconds; null beyond the ends. */
export function neighbour<E extends { sample: number }>(events: readonly E[], rateHz: number, at: number, by: 1 | -1): E | null {
  const slack = 0.5
  if (by > 0) return events.find((e) => e.sample / rateHz > at + slack) ?? null
  return [...events].reverse().find((e) => e.sample / rateHz < at - slack) ?? null
}
