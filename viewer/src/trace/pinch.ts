/** Two fingers on the screen: the point between them and how far they are apart, in CSS pixels. */
export interface Fingers {
  x: number
  y: number
  apart: number
}

/** How large the paper is shown, 1 fitting the window, and how far it is scrolled. */
export interface Pinch {
  zoom: number
  left: number
  top: number
}

/**
 * The paper after two fingers moved: what was between them stays between them.
 * `box` is the window's upper left corner, `at` how far it was scrolled.
 */
export function pinched(from: Fingers, to: Fingers, zoom: number, most: number, box: { left: number; top: number }, at: { left: number; top: number }): Pinch {
  const larger = Math.min(most, Math.max(1, (zoom * to.apart) / from.apart))
  const scale = larger / zoom
  return {
    zoom: larger,
    left: (from.x - box.left + at.left) * scale - (to.x - box.left),
    top: (from.y - box.top + at.top) * scale - (to.y - box.top),
  }
}
