import { useLayoutEffect, useRef } from 'preact/hooks'

/**
 * Keeps a scrolling list still while rows come and go: the row under the
 * pointer, or the first one in view when the list is scrolled, stays where it
 * is on the screen.
 */
export function useAnchor(rows: readonly unknown[]) {
  const box = useRef<HTMLDivElement>(null)
  const pointerY = useRef<number | null>(null)
  const before = useRef<{ id: string; top: number } | null>(null)
  const moved = useRef(0)

  useLayoutEffect(() => {
    const el = box.current
    if (!el) return
    const was = before.current
    if (was) {
      const row = find(el, was.id)
      const shift = row ? row.getBoundingClientRect().top - was.top : 0
      if (Math.abs(shift) >= 1) {
        const at = el.scrollTop
        el.scrollTop = at + shift
        if (Math.abs(el.scrollTop - at - shift) >= 1) moved.current = Date.now()
      }
    }
    note()
  }, [rows])

  function note(): void {
    const el = box.current
    before.current = el ? pick(el, pointerY.current) : null
  }

  return {
    /** When rows last moved in spite of everything, in Date.now() time. */
    movedAt: () => moved.current,
    /** Scrolls a row into view; it may be drawn only after this change. */
    reveal(id: string | null): void {
      requestAnimationFrame(() => {
        if (id && box.current) find(box.current, id)?.scrollIntoView({ block: 'nearest' })
        note()
      })
    },
    props: {
      ref: box,
      onPointerMove: (e: PointerEvent) => { pointerY.current = e.clientY; note() },
      onPointerLeave: () => { pointerY.current = null; note() },
      onScroll: note,
    },
  }
}

function find(el: HTMLElement, id: string): HTMLElement | null {
  return el.querySelector<HTMLElement>(`tr[data-id="${CSS.escape(id)}"]`)
}

function pick(el: HTMLElement, y: number | null): { id: string; top: number } | null {
  const top = el.getBoundingClientRect().top + 28
  for (const row of el.querySelectorAll<HTMLElement>('tr[data-id]')) {
    const r = row.getBoundingClientRect()
    const hit = y !== null ? r.top <= y && y < r.bottom : el.scrollTop > 0 && r.bottom > top
    if (hit) return { id: row.dataset['id']!, top: r.top }
  }
  return null
}
