import type { RefObject } from 'preact'
import { useLayoutEffect, useRef, useState } from 'preact/hooks'
import { type Fingers, pinched, type Pinch } from '../../trace/pinch'

/** Above so many device pixels per mm a sheet takes more memory than a phone has to spare. */
const finestPxPerMm = 12

interface Held {
  pointers: Map<number, { x: number; y: number }>
  from: Fingers | null
  now: Fingers | null
}

/**
 * Two fingers on the paper: apart makes it larger, together smaller, and it
 * goes where they go. While they move, what is drawn already is stretched; it
 * is drawn anew when they let go. The handlers say whether a gesture is theirs.
 */
export function usePinch(box: RefObject<HTMLElement | null>, layer: RefObject<HTMLElement | null>, devicePxPerMm: number) {
  const [zoom, setZoom] = useState(1)
  const held = useRef<Held>({ pointers: new Map(), from: null, now: null })
  const scrollTo = useRef<Pinch | null>(null)
  const most = Math.max(1, finestPxPerMm / devicePxPerMm)
  const layers = () => layer.current?.parentElement ?? null
  useLayoutEffect(() => {
    const [el, to] = [box.current, scrollTo.current]
    scrollTo.current = null
    if (el && to) el.scrollTo(to.left, to.top)
  }, [zoom])
  const fingers = (): Fingers | null => {
    const [a, b] = [...held.current.pointers.values()]
    return a && b ? { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2, apart: Math.max(1, Math.hypot(a.x - b.x, a.y - b.y)) } : null
  }
  const target = (from: Fingers, now: Fingers, el: HTMLElement) => pinched(from, now, zoom, most, el.getBoundingClientRect(), { left: el.scrollLeft, top: el.scrollTop })
  const note = (e: PointerEvent) => held.current.pointers.set(e.pointerId, { x: e.clientX, y: e.clientY })
  return {
    zoom: Math.min(zoom, most),
    down(e: PointerEvent): boolean {
      if (e.pointerType !== 'touch') return false
      // The first finger of a gesture: nothing is left of one that ended elsewhere.
      if (e.isPrimary) held.current = { pointers: new Map(), from: null, now: null }
      note(e)
      held.current.from ??= fingers()
      return held.current.from !== null
    },
    move(e: PointerEvent): boolean {
      const h = held.current
      if (!h.pointers.has(e.pointerId)) return false
      note(e)
      h.now = h.from && fingers()
      const el = layers()
      if (h.from && h.now && el && box.current) {
        const p = target(h.from, h.now, box.current)
        el.style.transformOrigin = '0 0'
        el.style.transform = `translate(${box.current.scrollLeft - p.left}px, ${box.current.scrollTop - p.top}px) scale(${p.zoom / zoom})`
      }
      return h.from !== null
    },
    up(e: PointerEvent): boolean {
      const h = held.current
      const mine = h.from !== null
      if (h.from && h.now && box.current) {
        const p = target(h.from, h.now, box.current)
        layers()?.style.removeProperty('transform')
        if (p.zoom === zoom) box.current.scrollTo(p.left, p.top)
        else {
          scrollTo.current = p
          setZoom(p.zoom)
        }
      }
      h.pointers.delete(e.pointerId)
      h.now = null
      if (h.pointers.size === 0) h.from = null
      return mine
    },
  }
}
