import type { ReadonlySignal } from '@preact/signals'
import type { PlacedMark } from '../../draw/beats'
import { type Caliper, march } from '../../trace/caliper'
import { marginMm, type Paper, traceMm } from '../../trace/layout'

/** A tick under each beat, its letter, and the RR interval in ms between two; in mm of the paper. */
export function Marks(props: { marks: readonly PlacedMark[]; paper: Paper }) {
  const { marks, paper } = props
  return (
    <>
      <path d={marks.map((m) => `M${m.x} ${m.y - 1.2}v2.4`).join('')} />
      {marks.map((m) => {
        const wide = (m.rrMs / 1000) * paper.speed
        return (
          <>
            {m.letter && <text x={m.x} y={m.y - 1.8}>{m.letter}</text>}
            {m.joined && wide > 8 && <text x={m.x - wide / 2} y={m.y + 0.9}>{Math.round(m.rrMs)}</text>}
          </>
        )
      })}
    </>
  )
}

/** How far the caliper's uprights stand out above and below its ends, in mm. */
const reach = 6

/** The caliper over the traces; only this is drawn again when it moves. */
export function CaliperLines(props: { caliper: ReadonlySignal<Caliper | null>; marching: boolean }) {
  const c = props.caliper.value
  if (!c) return null
  const top = Math.min(c.a.y, c.b.y) - reach
  const high = Math.max(c.a.y, c.b.y) + reach - top
  const upright = (x: number) => `M${x} ${top}v${high}`
  const level = (y: number) => `M${c.a.x} ${y}H${c.b.x}`
  const further = props.marching ? march(c.a, c.b, marginMm, marginMm + traceMm) : []
  return (
    <>
      <path d={upright(c.a.x) + upright(c.b.x) + level(c.a.y) + level(c.b.y)} data-testid="caliper" />
      {further.length > 0 && <path class="further" d={further.map(upright).join('')} />}
      <circle cx={c.b.x} cy={c.b.y} r={0.9} />
    </>
  )
}
