import type { Samples } from '../trace/samples'

/** Pixels as in ImageData: RGBA, not premultiplied. */
export interface Film {
  data: Uint8ClampedArray
  width: number
  height: number
}

/** Where a trace runs on a film, in pixels: sample i at x + i·dx, v µV at y + v·dy. */
export interface Course {
  x: number
  dx: number
  y: number
  dy: number
}

/** Columns per pixel: steep lines become as smooth across as flat ones down. */
const fine = 4

/**
 * A round pen that draws traces.
 *
 * A trace is a function of time. So the pen need not outline a path, as a
 * canvas does at some 50 ms for twelve leads, but only know in each column how
 * far up and down the trace goes: no peak is lost however dense the samples.
 */
export class Pen {
  private readonly low: Float32Array
  private readonly high: Float32Array
  /** Half the height of the pen, by columns from its middle. */
  private readonly tip: Float32Array

  /** widthPx is that of the line; the colour is six hexadecimal digits after #. */
  constructor(private readonly film: Film, widthPx: number, colour: string) {
    this.low = new Float32Array(film.width * fine).fill(Infinity)
    this.high = new Float32Array(film.width * fine).fill(-Infinity)
    const radius = widthPx / 2
    this.tip = Float32Array.from({ length: Math.floor(radius * fine) + 1 }, (_, i) => Math.sqrt(radius ** 2 - (i / fine) ** 2))
    const rgb = [1, 3, 5].map((i) => parseInt(colour.slice(i, i + 2), 16))
    // Everywhere the ink's colour, nowhere any of it yet.
    new Uint32Array(film.data.buffer).fill(new Uint32Array(Uint8Array.of(...rgb, 0).buffer)[0]!)
  }

  /** Draws samples first ≤ i < last; gaps break the line. */
  trace(samples: Samples, first: number, last: number, c: Course): void {
    const x = (i: number) => (c.x + i * c.dx) * fine
    const y = (i: number) => c.y + samples[i]! * c.dy
    let begin = first
    while (begin < last) {
      if (Number.isNaN(samples[begin]!)) {
        begin++
        continue
      }
      let i = begin
      this.touch(x(i), x(i), y(i), y(i))
      while (i + 1 < last && !Number.isNaN(samples[i + 1]!)) {
        this.touch(x(i), x(i + 1), y(i), y(i + 1))
        i++
      }
      this.ink(Math.floor(x(begin)), Math.floor(x(i)))
      begin = i + 1
    }
  }

  /** Notes how far a piece of line goes up and down in each column. */
  private touch(xa: number, xb: number, ya: number, yb: number): void {
    const slope = xb > xa ? (yb - ya) / (xb - xa) : 0
    const to = Math.min(this.low.length - 1, Math.floor(xb))
    for (let c = Math.max(0, Math.floor(xa)); c <= to; c++) {
      const a = c > xa ? ya + (c - xa) * slope : ya
      const b = c + 1 < xb ? ya + (c + 1 - xa) * slope : yb
      this.low[c] = Math.min(this.low[c]!, a, b)
      this.high[c] = Math.max(this.high[c]!, a, b)
    }
  }

  /** Draws what was noted between two columns, as wide as the pen, and forgets it. */
  private ink(from: number, to: number): void {
    const { low, high, tip } = this
    const reach = tip.length - 1
    const [begin, end] = [Math.max(0, from), Math.min(low.length - 1, to)]
    for (let c = Math.max(0, from - reach); c <= Math.min(low.length - 1, to + reach); c++) {
      let top = Infinity
      let bottom = -Infinity
      for (let d = Math.max(begin, c - reach); d <= Math.min(end, c + reach); d++) {
        const half = tip[Math.abs(d - c)]!
        if (low[d]! - half < top) top = low[d]! - half
        if (high[d]! + half > bottom) bottom = high[d]! + half
      }
      this.cover(Math.floor(c / fine), top, bottom)
    }
    low.fill(Infinity, begin, end + 1)
    high.fill(-Infinity, begin, end + 1)
  }

  /** Adds one column's share to the pixels between two heights. */
  private cover(column: number, from: number, to: number): void {
    const { data, width, height } = this.film
    const top = Math.max(0, from)
    const bottom = Math.min(height, to)
    if (!(bottom > top)) return
    const share = 255 / fine
    const last = Math.ceil(bottom) - 1
    for (let y = Math.floor(top); y <= last; y++) {
      const part = Math.min(bottom, y + 1) - Math.max(top, y)
      data[(y * width + column) * 4 + 3]! += part * share
    }
  }
}
