/** Line icons on a 16 px grid, drawn here so that no font or sprite loads. */
const shapes = {
  pulse: 'M1 8.5h3.2l1.2-2 1.6 5 2.2-8 1.6 5h4.2',
  warn: 'M8 2 14.5 13.5h-13zM8 6.5v3.2M8 11.6v.6',
  stop: 'M5.2 1.8h5.6l3.4 3.4v5.6l-3.4 3.4H5.2l-3.4-3.4V5.2zM8 4.8v4M8 10.8v.6',
  wait: 'M8 1.8a6.2 6.2 0 1 0 0 12.4A6.2 6.2 0 0 0 8 1.8zM8 4.8V8l2.2 1.6',
  pen: 'M10.8 2.4l2.8 2.8-8 8-3.4.6.6-3.4zM9 4.2l2.8 2.8',
  eye: 'M1.5 8S4 3.5 8 3.5 14.5 8 14.5 8 12 12.5 8 12.5 1.5 8 1.5 8zM8 6a2 2 0 1 0 0 4 2 2 0 0 0 0-4z',
  check: 'M2.5 8.5 6 12l7.5-8',
  back: 'M6.5 3.5 2 8l4.5 4.5M2.5 8h7.5a3.5 3.5 0 0 1 3.5 3.5V13',
  cross: 'M3.5 3.5l9 9M12.5 3.5l-9 9',
  up: 'M8 13.5V3M3.5 7.5 8 3l4.5 4.5',
  bolt: 'M9.5 1.5 3.5 9H8l-1.5 5.5 6-7.5H8z',
  search: 'M7 2.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9zM10.3 10.3l3.7 3.7',
  moon: 'M13 9.5A5.5 5.5 0 0 1 6.5 3a5.5 5.5 0 1 0 6.5 6.5z',
  sun: 'M8 5.2a2.8 2.8 0 1 0 0 5.6 2.8 2.8 0 0 0 0-5.6zM8 1v1.8M8 13.2V15M1 8h1.8M13.2 8H15M3 3l1.3 1.3M11.7 11.7 13 13M13 3l-1.3 1.3M4.3 11.7 3 13',
  key: 'M1.5 4h13v8h-13zM4 6.5h.5M7 6.5h.5M10 6.5h.5M4 9.5h8',
  play: 'M4.5 2.5v11l8-5.5z',
  pause: 'M5 3v10M11 3v10',
  invert: 'M8 1.8a6.2 6.2 0 1 0 0 12.4zM8 1.8a6.2 6.2 0 1 1 0 12.4',
  reset: 'M3 3v3.5h3.5M3.3 6.4A5.5 5.5 0 1 1 2.5 9',
  ruler: 'M1.5 11.5l10-10 3 3-10 10zM4.5 8.5l1.5 1.5M7 6l1.5 1.5M9.5 3.5 11 5',
  hand: 'M8 1.8v12.4M1.8 8h12.4M8 1.8 6.3 3.5M8 1.8l1.7 1.7M8 14.2l-1.7-1.7M8 14.2l1.7-1.7M1.8 8l1.7-1.7M1.8 8l1.7 1.7M14.2 8l-1.7-1.7M14.2 8l-1.7 1.7',
  zoom: 'M7 2.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9zM10.3 10.3l3.7 3.7M5 7h4M7 5v4',
  contrast: 'M8 1.8a6.2 6.2 0 1 0 0 12.4A6.2 6.2 0 0 0 8 1.8zM8 2v12M8 5l5 .2M8 8l6 .2M8 11l5 .2',
  stack: 'M8 2l6 3-6 3-6-3zM2 8l6 3 6-3M2 11l6 3 6-3',
  clock: 'M8 1.8a6.2 6.2 0 1 0 0 12.4A6.2 6.2 0 0 0 8 1.8zM8 4.5V8.2h3',
  user: 'M8 2.5a2.7 2.7 0 1 0 0 5.4 2.7 2.7 0 0 0 0-5.4zM2.8 13.5c.6-3 2.6-4.2 5.2-4.2s4.6 1.2 5.2 4.2',
  void: 'M8 1.8a6.2 6.2 0 1 0 0 12.4A6.2 6.2 0 0 0 8 1.8zM3.7 12.3l8.6-8.6',
  angle: 'M13.5 13H2.5L10 3M6.5 13a6 6 0 0 0-1.5-4',
  probe: 'M8 1.5v4M8 10.5v4M1.5 8h4M10.5 8h4',
  turn: 'M13 3v3.5H9.5M12.7 6.4A5.5 5.5 0 1 0 13.5 9',
  flip: 'M8 1.5v13M6 4 1.5 12H6zM10 4l4.5 8H10z',
  two: 'M1.5 3h13v10h-13zM8 3v10',
} as const

export type IconName = keyof typeof shapes

/** An icon that only accompanies a word; it is hidden from screen readers. */
export function Icon(props: { name: IconName; size?: number; filled?: boolean }) {
  const size = props.size ?? 14
  return (
    <svg width={size} height={size} viewBox="0 0 16 16" aria-hidden="true" fill={props.filled ? 'currentColor' : 'none'}
      stroke="currentColor" stroke-width="1.5" stroke-linejoin="round" stroke-linecap="round">
      <path d={shapes[props.name]} />
    </svg>
  )
}
